/** @file What must always hold for the methods: T = S gives 0, γ = 0 is vanilla bit for bit, MLCAK ≤ one-to-one. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { binaryKl, meanSquaredError } from '../../../main/numeric/losses/losses.ts';
import {
  featureOf,
  meanOfBlocks,
  normaliseTokens,
  poolTokens,
  selectTokens,
} from '../../../main/numeric/methods/features.ts';
import { readRecord, recordLayout, writeRecord } from '../../../main/numeric/knowledge/view-record.ts';
import { neededFeature } from '../../../main/numeric/methods/needs.ts';
import { methodDefinition } from '../../../main/numeric/methods/registry.ts';
import type { MicroBatch } from '../../../main/numeric/train/micro-batch.ts';
import { TrainState } from '../../../main/numeric/train/train-state.ts';
import { trainStep, type StepSettings } from '../labelled-step.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import { disposeParameters, loadParameters } from '../../../main/numeric/vit/parameters.ts';
import { METHODS, PAPER_LOSS, type LossSettings, type Method } from '../../../shared/domain/recipe.ts';
import { imagesOf, labelsOf, needEngine, normalisation, small, uniform, weightsOf } from '../reference.ts';

beforeAll(needEngine);

/** Outputs of the model with the weights of `seed` as a teacher's, on the images of `images`. */
function outputs(seed: number, images: number, kind: 'none' | 'mean' | 'last' | 'blocks') {
  const parameters = loadParameters(weightsOf(small, seed), small);
  const read = tf.tidy(() => {
    const result = forward(
      parameters,
      tf.tensor4d(imagesOf(small, images, 3), [3, 64, 64, 1]),
      small,
      normalisation,
      {
        blocks: true,
      },
    );
    return [result.t1, result.t2, featureOf(kind, result.blocks) ?? tf.scalar(0)].map((tensor) =>
      tf.keep(tf.clone(tensor)),
    );
  });
  const [t1, t2, feature] = read.map((tensor) => tensor.dataSync<'float32'>()) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  tf.dispose(read);
  disposeParameters(parameters);
  return { t1, t2, feature: kind === 'none' ? null : feature };
}

function batch(method: Method, loss: LossSettings, teacherSeed: number): MicroBatch {
  const teacher = methodDefinition(method).logits
    ? outputs(teacherSeed, 70, neededFeature(method, loss))
    : null;
  return { films: 3, images: imagesOf(small, 70, 3), ...labelsOf(small, 90, 3), teacher };
}

const settings = (method: Method, loss: LossSettings): StepSettings => ({
  method,
  loss,
  normalisation,
  learningRate: 1e-3,
  weightDecay: 0.05,
  clipNorm: 1,
  emaDecay: null,
  emaWarmup: false,
});

async function oneStep(method: Method, loss: LossSettings, teacherSeed: number) {
  const state = new TrainState(small, weightsOf(small, 1), { ema: false });
  const measured = await trainStep(state, [batch(method, loss, teacherSeed)], settings(method, loss));
  const weights = state.exportState();
  state.dispose();
  return { measured, weights };
}

describe('teacher = student', () => {
  it.each(
    METHODS.filter((method) => methodDefinition(method).logits).flatMap((method) =>
      (['mse', 'hinton'] as const).map((kdLoss) => [method, kdLoss] as const),
    ),
  )('%s with %s: every distillation term is exactly 0', async (method, kdLoss) => {
    const { measured } = await oneStep(method, { ...PAPER_LOSS, kdLoss }, 1);
    const kd = measured.terms.filter(({ name }) => !name.startsWith('bce'));
    expect(kd.length).toBeGreaterThanOrEqual(2);
    for (const { value, share } of kd) {
      expect(value).toBe(0);
      expect(share).toBe(0);
    }
  });
});

describe('γ = 0', () => {
  it.each(['last-block', 'one-to-one', 'mlcak'] as const)('%s is vanilla, bit for bit', async (method) => {
    const loss = { ...PAPER_LOSS, gamma: 0 };
    expect(neededFeature(method, loss)).toBe('none');
    const one = await oneStep(method, loss, 2);
    const vanilla = await oneStep('vanilla', loss, 2);
    expect(one.weights).toEqual(vanilla.weights);
    expect(one.measured).toEqual(vanilla.measured);
  });
  it('α = β = γ = 0 trains as without a teacher', async () => {
    const none = await oneStep('none', PAPER_LOSS, 2);
    const off = await oneStep('vanilla', { ...PAPER_LOSS, alpha: 0, beta: 0, gamma: 0 }, 2);
    expect(off.weights).toEqual(none.weights);
  });
});

describe('features', () => {
  it('MLCAK ≤ one-to-one on 1,000 random inputs', () => {
    tf.tidy(() => {
      for (let i = 0; i < 1000; i += 1) {
        tf.tidy(() => {
          const scale = 10 ** ((i % 7) - 3);
          const blocks = (seed: number) =>
            Array.from({ length: 3 }, (_, b) =>
              tf.tensor3d(
                Float32Array.from(uniform(seed + b, 40), (u) => scale * (u - 0.5)),
                [2, 5, 4],
              ),
            );
          const teacher = blocks(i * 10);
          const student = blocks(i * 10 + 5);
          const term = (kind: 'mean' | 'blocks') =>
            meanSquaredError(
              featureOf(kind, teacher) as tf.Tensor,
              featureOf(kind, student) as tf.Tensor,
            ).dataSync()[0] ?? NaN;
          expect(term('mean')).toBeLessThanOrEqual(term('blocks'));
        });
      }
    });
  });
  it('cuts the class token and the patches, of one feature or of a stack of blocks', () => {
    tf.tidy(() => {
      const stack = tf.reshape(tf.range(0, 24), [1, 2, 3, 4]); // [B, L, N, D]
      expect(selectTokens(stack, 'cls').dataSync()).toEqual(Float32Array.of(0, 1, 2, 3, 12, 13, 14, 15));
      expect(selectTokens(stack, 'patches').shape).toEqual([1, 2, 2, 4]);
      expect(selectTokens(stack, 'all')).toBe(stack);
    });
  });
  it('averages a teacher’s patch tokens to a coarser grid, the class token as it is', () => {
    tf.tidy(() => {
      const grid = tf.range(1, 17); // 4 × 4 patches, one channel, after the class token
      const one = tf.reshape(tf.concat([tf.tensor1d([100]), grid]), [1, 17, 1]);
      const two = tf.stack([one, tf.mul(one, 2)], 1); // [B, L, N, D]
      expect([...poolTokens(one, 5).dataSync()]).toEqual([100, 3.5, 5.5, 11.5, 13.5]);
      expect([...poolTokens(two, 5).dataSync()].slice(5)).toEqual([200, 7, 11, 23, 27]);
      expect(poolTokens(two, 5).shape).toEqual([1, 2, 5, 1]);
      expect(poolTokens(one, 17)).toBe(one);
      expect(() => poolTokens(one, 10)).toThrow(RangeError);
    });
  });
  it('averages blocks and normalises tokens', () => {
    tf.tidy(() => {
      const a = tf.tensor3d([1, 2, 3, 4], [1, 1, 4]);
      const b = tf.tensor3d([3, 2, 1, 0], [1, 1, 4]);
      expect([...meanOfBlocks([a, b]).dataSync()]).toEqual([2, 2, 2, 2]);
      const unit = normaliseTokens(a).dataSync<'float32'>();
      expect(unit.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 6);
      expect(unit.reduce((sum, v) => sum + v * v, 0) / 4).toBeCloseTo(1, 5);
      expect(() => meanOfBlocks([])).toThrow(/captured/);
    });
  });
});

describe('cached knowledge', () => {
  it.each(['mlcak', 'last-block', 'one-to-one'] as const)(
    '%s: f16 features give the live loss within 1e-3',
    async (method) => {
      const live = batch(method, PAPER_LOSS, 2);
      if (live.teacher === null) throw new Error(method);
      const layout = recordLayout(small, neededFeature(method, PAPER_LOSS));
      const { t1, t2, feature } = live.teacher;
      const films = [0, 1, 2].map((film) => {
        const cut = (values: Float32Array) => {
          const each = values.length / 3;
          return values.slice(film * each, (film + 1) * each);
        };
        const shard = new ArrayBuffer(layout.bytes);
        writeRecord(shard, 0, layout, { t1: cut(t1), t2: cut(t2), feature: feature && cut(feature) });
        return readRecord(shard, 0, layout);
      });
      const join = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
      const cached: MicroBatch = {
        ...live,
        teacher: {
          t1: join(films.map((film) => film.t1)),
          t2: join(films.map((film) => film.t2)),
          feature: join(films.map((film) => film.feature ?? new Float32Array())),
        },
      };
      const run = async (one: MicroBatch) => {
        const state = new TrainState(small, weightsOf(small, 1), { ema: false });
        const measured = await trainStep(state, [one], settings(method, PAPER_LOSS));
        state.dispose();
        return measured;
      };
      const a = await run(live);
      const b = await run(cached);
      expect(b.terms.map(({ name }) => name)).toContain('feature');
      b.terms.forEach((term, index) => {
        const expected = a.terms[index]?.value ?? NaN;
        expect(Math.abs(term.value / expected - 1)).toBeLessThan(1e-3);
      });
      expect(Math.abs(b.gradNorm / a.gradNorm - 1)).toBeLessThan(1e-3);
    },
  );
});

describe('losses', () => {
  it('Hinton: T² · KL of Bernoulli distributions, by hand', () => {
    const [t, s, temperature] = [2, -1, 4];
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const [p, q] = [sigmoid(t / temperature), sigmoid(s / temperature)];
    const kl = p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    const value = tf.tidy(() => binaryKl(tf.tensor1d([t]), tf.tensor1d([s]), temperature).dataSync()[0]);
    expect(value).toBeCloseTo(kl * temperature ** 2, 5);
  });
  it('extreme logits stay finite', () => {
    const value = tf.tidy(() => binaryKl(tf.tensor1d([900]), tf.tensor1d([-900]), 1).dataSync()[0]);
    expect(value).toBeCloseTo(900, 2);
  });
  it('a missing teacher or missing features are mistakes that name the method', async () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: false });
    const without = { ...batch('none', PAPER_LOSS, 2) };
    await expect(trainStep(state, [without], settings('mlcak', PAPER_LOSS))).rejects.toThrow(/mlcak/);
    const logitsOnly = batch('vanilla', PAPER_LOSS, 2);
    await expect(trainStep(state, [logitsOnly], settings('mlcak', PAPER_LOSS))).rejects.toThrow(/features/);
    state.dispose();
  });
});
