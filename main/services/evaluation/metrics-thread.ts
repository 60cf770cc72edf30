/** @file The thread that computes metrics: one task, one answer, then it ends. Started by measure.ts. */
import { parentPort, workerData } from 'node:worker_threads';

import { measureFindings } from './measure-findings.ts';
import type { MeasureTask } from './measure.ts';
import { measurePart } from './measure-part.ts';

const task = workerData as MeasureTask;
parentPort?.postMessage(
  task.kind === 'part'
    ? measurePart(task.part, task.validation, task.carried)
    : measureFindings(task.a, task.b),
);
