/**
 * @file Metrics off the main thread: thousands of resamples over thousands of films would hold up the window. One thread at
 * a time, so that a table of many runs does not crowd out a training run.
 */
import { Worker } from 'node:worker_threads';

import PQueue from 'p-queue';

import type { FindingDifference } from '../../../shared/contract/comparison.ts';
import type { MeasuredPart } from './measure-part.ts';
import type { PartScores } from './part-scores.ts';
import type { CarriedPoints } from './task-metrics.ts';

export type MeasureTask =
  | {
      readonly kind: 'part';
      readonly part: PartScores;
      readonly validation: PartScores;
      readonly carried: CarriedPoints | null;
    }
  | { readonly kind: 'findings'; readonly a: PartScores; readonly b: PartScores };

export interface Measure {
  /** @param carried thresholds that a model from elsewhere brought; null = they are chosen on `validation` */
  part(part: PartScores, validation: PartScores, carried: CarriedPoints | null): Promise<MeasuredPart>;
  /** Differences by finding on the same films. */
  findings(a: PartScores, b: PartScores): Promise<readonly FindingDifference[]>;
}

export const METRICS_THREAD = new URL('./metrics-thread.ts', import.meta.url);

function inThread<Answer>(task: MeasureTask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(METRICS_THREAD, { execArgv: [], workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that computes metrics ended without an answer')));
  });
}

export function createMeasure(): Measure {
  const queue = new PQueue({ concurrency: 1 });
  return {
    part: (part, validation, carried) =>
      queue.add(() => inThread<MeasuredPart>({ kind: 'part', part, validation, carried })),
    findings: (a, b) => queue.add(() => inThread<readonly FindingDifference[]>({ kind: 'findings', a, b })),
  };
}
