/** @file Many steps hold no more at their end than at their beginning: tensors, and memory of the process. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { CompiledTrainer } from '../../../../main/numeric/engine/graph/compiled-trainer.ts';
import { TrainState } from '../../../../main/numeric/train/train-state.ts';
import { labelledWork, stepOf, type Objective } from '../../../../main/numeric/train/train-step.ts';
import { PAPER_LOSS } from '../../../../shared/domain/recipe.ts';
import { imagesOf, labelsOf, needEngine, normalisation, small, weightsOf } from '../../reference.ts';

beforeAll(needEngine);

/** Pools and caches fill in the first steps. */
const WARM_UP = 300;
/** Steps between two readings of the memory, each after a collection of what JavaScript has dropped. */
const READING = 25;
const MEBIBYTE = 2 ** 20;

/** Least squares slope of y over its index. */
function slope(y: readonly number[]): number {
  const middle = (y.length - 1) / 2;
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const [xy, xx] = y.reduce(
    ([a, b], value, x) => [a + (x - middle) * (value - mean), b + (x - middle) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return xy / xx;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it.each([
  ['compiled', 1000],
  ['eager', 500],
] as const)(
  '%s: %i steps hold no tensor more, and grow by less than 1 MiB a hundred',
  { timeout: 240_000 },
  async (how, steps) => {
    const objective: Objective = {
      method: 'none',
      loss: { ...PAPER_LOSS, positiveWeights: null },
      normalisation,
    };
    const work = labelledWork(small, objective);
    const state = new TrainState(small, weightsOf(small, 1), { ema: true });
    const onEager = (why: string) => expect.unreachable(why);
    const compiled = how === 'eager' ? null : new CompiledTrainer({ state, work, sizes: [2], onEager });
    const batch = { films: 2, images: imagesOf(small, 5, 2), ...labelsOf(small, 9, 2), teacher: null };
    const settings = { learningRate: 1e-4, weightDecay: 0.05, clipNorm: 1, emaDecay: 0.99, emaWarmup: true };
    const between = () => Promise.resolve();
    const resident: number[] = [];
    let held: number | null = null;
    for (let step = 0; step < WARM_UP + steps; step += 1) {
      const measured =
        compiled === null
          ? await stepOf(work, state, [batch], settings)
          : await compiled.step([batch], settings, between);
      expect(Number.isFinite(measured?.loss)).toBe(true);
      if (step === WARM_UP) held = tf.memory().numTensors;
      if (step >= WARM_UP && step % READING === 0) {
        collect();
        resident.push(process.memoryUsage.rss());
      }
    }
    expect(tf.memory().numTensors).toBe(held);
    expect((slope(resident) * 100) / READING / MEBIBYTE).toBeLessThan(1);
    compiled?.dispose();
    state.dispose();
  },
);
