/** @file What an epoch's record says of time: its rate is that of the steps alone, its seconds have everything in them. */
import { expect, it } from 'vitest';

import { RunReporter } from '../../main/worker/run-reporter.ts';
import { UNJUDGED } from '../../main/worker/validation.ts';

const MEASURED = { loss: 1, gradNorm: 1, terms: [] };

it('leaves validation and what is written out of the rate, and no step out of the seconds', () => {
  let now = 0;
  const phases: string[] = [];
  const reporter = new RunReporter(
    { epochs: 2, trainFilms: 8, stepsPerEpoch: 2 },
    () => now,
    ({ phase }) => phases.push(phase),
  );
  const step = (epoch: number, cursor: number, number: number): void => {
    now += 2000;
    const time = { tookMs: 2000, waitedMs: 10 };
    reporter.step({ epoch, cursor, step: number, configHash: '' }, MEASURED, time);
  };
  now = 30_000; // the teacher was asked
  reporter.tell('training', 0, 0);
  const records = [0, 1].map((epoch) => {
    step(epoch, 4, 2 * epoch + 1);
    step(epoch, 8, 2 * epoch + 2);
    reporter.tell('validating', epoch, 2 * epoch + 2);
    now += 5000;
    const record = reporter.epoch(epoch, 2 * epoch + 2, 1e-3, UNJUDGED);
    now += 700; // checkpoint
    return record;
  });
  expect(records.map(({ imagesPerSecond }) => imagesPerSecond)).toEqual([2, 2]);
  expect(records.map(({ seconds }) => seconds)).toEqual([9, 9.7]);
  expect(records.map(({ waitedSeconds }) => waitedSeconds)).toEqual([0.02, 0.02]);
  expect(phases.slice(-3)).toEqual(['training', 'training', 'validating']);
});
