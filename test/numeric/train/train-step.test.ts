/** @file Loss terms, gradients, one AdamW step and a 20-step curve against PyTorch; micro-batches, leaks, failures, state. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { termWeights } from '../../../main/numeric/methods/joint-loss.ts';
import { featureOf } from '../../../main/numeric/methods/features.ts';
import type { MethodSettings } from '../../../main/numeric/methods/method.ts';
import { neededFeature } from '../../../main/numeric/methods/needs.ts';
import { learningRateAt } from '../../../main/numeric/optim/schedule.ts';
import { batchCounts, microTensors, type MicroBatch } from '../../../main/numeric/train/micro-batch.ts';
import { stateSpecs, TrainState, TrainStateError } from '../../../main/numeric/train/train-state.ts';
import { microGradients, NotFiniteError, type Objective } from '../../../main/numeric/train/train-step.ts';
import { trainStep, type StepSettings } from '../labelled-step.ts';
import { parameterSpecs, type VitConfig } from '../../../main/numeric/vit/config.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import { disposeParameters, loadParameters } from '../../../main/numeric/vit/parameters.ts';
import { PAPER_LOSS, type Method } from '../../../shared/domain/recipe.ts';
import {
  golden,
  imagesOf,
  labelsOf,
  maxDifference,
  needEngine,
  normalisation,
  relativeDifference,
  report,
  small,
  weightsOf,
  type MethodCase,
} from '../reference.ts';

beforeAll(needEngine);

const BATCH = report.small.batch;
const { lr, weight_decay: weightDecay, clip, ema } = report.small.step;

/** Teacher outputs for the images of `seed` in the form that the method needs. */
function teacherFor(
  method: Method,
  loss: MethodSettings,
  seed: number,
  config = small,
): NonNullable<MicroBatch['teacher']> {
  const parameters = loadParameters(weightsOf(config, 2), config);
  const arrays: Float32Array[] = [];
  tf.tidy(() => {
    const images = tf.tensor4d(imagesOf(config, seed, BATCH), [BATCH, 64, 64, 1]);
    const result = forward(parameters, images, config, normalisation, {
      blocks: true,
      point: loss.featurePoint,
    });
    const feature = featureOf(neededFeature(method, loss), result.blocks);
    for (const tensor of [result.t1, result.t2, feature]) {
      if (tensor !== null) arrays.push(tensor.dataSync<'float32'>());
    }
  });
  disposeParameters(parameters);
  const [t1 = new Float32Array(), t2 = new Float32Array(), feature = null] = arrays;
  return { t1, t2, feature };
}

function objectiveOf({ settings }: MethodCase): Objective {
  const { method, alpha, beta, gamma, kd, tokens, point, normalise, positive } = settings;
  const { temperature } = report.small;
  const loss = {
    ...PAPER_LOSS,
    alpha,
    beta,
    gamma,
    kdLoss: kd,
    temperature,
    tokens,
    featurePoint: point ?? ('block' as const),
    normaliseFeatures: normalise ?? false,
    positiveWeights: positive ?? null,
  };
  return { method, loss, normalisation };
}

/** The student of a case: fewer tokens or one T2 unit where its settings say so. */
function studentOf({ settings }: MethodCase): VitConfig {
  return { ...small, imageSize: settings.few === true ? 32 : small.imageSize, t2Units: settings.units ?? 2 };
}

function batchOf(objective: Objective, seed = 70, labels = 90, student = small): MicroBatch {
  const teaching = { ...small, t2Units: student.t2Units };
  const teacher =
    objective.method === 'none' ? null : teacherFor(objective.method, objective.loss, seed + 1, teaching);
  return { films: BATCH, images: imagesOf(student, seed, BATCH), ...labelsOf(small, labels, BATCH), teacher };
}

const methodCase = (name: string): MethodCase => {
  const found = report.small.methods[name];
  if (found === undefined) throw new Error(name);
  return found;
};
const mlcak = objectiveOf(methodCase('mlcak'));
const step = (objective: Objective, change: Partial<StepSettings> = {}): StepSettings => ({
  ...objective,
  learningRate: lr,
  weightDecay,
  clipNorm: clip,
  emaDecay: null,
  emaWarmup: false,
  ...change,
});

/** A flat reference vector by parameter name. */
function byName(flat: Float32Array): [string, Float32Array][] {
  let offset = 0;
  return parameterSpecs(small).map(({ name, size }) => {
    offset += size;
    return [name, flat.slice(offset - size, offset)];
  });
}

/**
 * All values but the biases of the keys: softmax ignores them, so their gradient is rounding noise, and AdamW's first
 * step is the gradient's sign.
 */
function withoutKeyBias(weights: readonly [string, Float32Array][]): number[] {
  const { width } = small;
  return weights.flatMap(([name, values]) =>
    name.endsWith('qkv.bias') ? [...values.subarray(0, width), ...values.subarray(2 * width)] : [...values],
  );
}

/** One film range of a batch. */
function slice(batch: MicroBatch, from: number, to: number): MicroBatch {
  const cut = (values: Float32Array) => {
    const each = values.length / batch.films;
    return values.slice(from * each, to * each);
  };
  const { teacher } = batch;
  return {
    films: to - from,
    images: cut(batch.images),
    t1: cut(batch.t1),
    t2: cut(batch.t2),
    teacher: teacher && {
      t1: cut(teacher.t1),
      t2: cut(teacher.t2),
      feature: teacher.feature && cut(teacher.feature),
    },
  };
}

describe('against PyTorch', () => {
  it.each(Object.keys(report.small.methods))('%s: loss, every term, every gradient', (name) => {
    const expected = methodCase(name);
    const objective = objectiveOf(expected);
    const student = studentOf(expected);
    const state = new TrainState(student, weightsOf(student, 1), { ema: false });
    const batch = batchOf(objective, 70, 90, student);
    tf.tidy(() => {
      const kind = neededFeature(objective.method, objective.loss);
      const tensors = microTensors(batch, batchCounts([batch]), student, kind);
      const result = microGradients(state.tensors('parameters'), student, tensors, objective);
      const [loss = NaN, ...terms] = result.measured.dataSync<'float32'>();
      expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-5);
      const names = termWeights(objective.method, objective.loss).map((term) => term.name);
      expect(names).toEqual(Object.keys(expected.terms));
      names.forEach((term, index) => {
        expect(Math.abs((terms[index] ?? NaN) - (expected.terms[term] ?? NaN))).toBeLessThan(
          1e-5 * (1 + Math.abs(expected.terms[term] ?? NaN)),
        );
      });
      const gradient = result.gradients.flatMap((one) => [...one.dataSync<'float32'>()]);
      const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
      expect(Math.abs(norm / expected.norm - 1)).toBeLessThan(1e-4);
      const sampled = gradient.filter((_, index) => index % expected.stride === 0);
      const reference = golden(`gradient/${name}`);
      expect(relativeDifference(sampled, reference)).toBeLessThan(1e-4);
      expect(maxDifference(sampled, reference)).toBeLessThan(1e-3);
      result.measured.dispose();
    });
    state.dispose();
  });

  it('one step with clip and decay: updated weights within 1e-3 relative', async () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: false });
    const measured = await trainStep(state, [batchOf(mlcak)], step(mlcak));
    expect(measured.gradNorm / methodCase('mlcak').norm).toBeCloseTo(1, 4);
    const updated = withoutKeyBias([...state.weights('parameters')]);
    const before = withoutKeyBias([...weightsOf(small, 1)]);
    const reference = withoutKeyBias(byName(golden('updated')));
    expect(relativeDifference(updated, reference)).toBeLessThan(1e-6);
    // The change itself, which is what a wrong optimiser gets wrong.
    const change = updated.map((value, i) => value - (before[i] ?? NaN));
    const expected = before.map((value, i) => (reference[i] ?? NaN) - value);
    expect(relativeDifference(change, expected)).toBeLessThan(1e-3);
    state.dispose();
  });

  it.each([
    ['moving average', false, report.curve.emaSum, report.curve.emaNorm],
    ['one that warms up', true, report.curve.emaWarmSum, report.curve.emaWarmNorm],
  ])('a 20-step curve with warm-up, cosine and %s', async (_, emaWarmup, sum, norm) => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: true });
    const batches = [batchOf(mlcak, 70, 90), batchOf(mlcak, 72, 95)];
    for (const [index, expected] of report.curve.losses.entries()) {
      const learningRate = learningRateAt(index, 20, 3, lr);
      const settings = step(mlcak, { learningRate, emaDecay: ema, emaWarmup });
      const measured = await trainStep(state, [batches[index % 2] as MicroBatch], settings);
      expect(Math.abs(measured.loss / expected - 1)).toBeLessThan(0.01);
      expect(Math.abs(measured.gradNorm / (report.curve.norms[index] ?? NaN) - 1)).toBeLessThan(0.01);
    }
    const averaged = [...state.evaluatedWeights().values()].flatMap((values) => [...values]);
    expect(Math.sqrt(averaged.reduce((total, v) => total + v * v, 0)) / norm).toBeCloseTo(1, 5);
    expect(averaged.reduce((total, v) => total + v, 0)).toBeCloseTo(sum, 1);
    state.dispose();
  });
});

describe('micro-batches', () => {
  it('add up to the whole batch, unknown labels included', async () => {
    const whole = batchOf(mlcak);
    const one = new TrainState(small, weightsOf(small, 1), { ema: false });
    const many = new TrainState(small, weightsOf(small, 1), { ema: false });
    const a = await trainStep(one, [whole], step(mlcak));
    const b = await trainStep(
      many,
      [slice(whole, 0, 1), slice(whole, 1, 2), slice(whole, 2, 4)],
      step(mlcak),
    );
    expect(b.loss).toBeCloseTo(a.loss, 5);
    expect(b.gradNorm / a.gradNorm).toBeCloseTo(1, 5);
    a.terms.forEach((term, index) => {
      expect(b.terms[index]?.value).toBeCloseTo(term.value, 5);
    });
    expect(a.terms.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    one.dispose();
    many.dispose();
  });
});

it('what is computed again for the gradient gives the same step, bit for bit', async () => {
  const kept = new TrainState(small, weightsOf(small, 1), { ema: false });
  const again = new TrainState(small, weightsOf(small, 1), { ema: false });
  const batch = batchOf(mlcak);
  const measured = await trainStep(kept, [batch], step(mlcak));
  expect(await trainStep(again, [batch], { ...step(mlcak), recompute: true })).toEqual(measured);
  expect(again.exportState()).toEqual(kept.exportState());
  const before = tf.memory().numTensors;
  await trainStep(again, [batch], { ...step(mlcak), recompute: true });
  expect(tf.memory().numTensors).toBe(before);
  kept.dispose();
  again.dispose();
});

describe('state', () => {
  it('exports and imports everything: the next step is the same, bit for bit', async () => {
    const batch = batchOf(mlcak);
    const settings = step(mlcak, { emaDecay: ema, emaWarmup: true });
    const first = new TrainState(small, weightsOf(small, 1), { ema: true });
    await trainStep(first, [batch], settings);
    const exported = first.exportState();
    expect([...exported.keys()]).toEqual(stateSpecs(first.groups, true).map(({ name }) => name));
    const second = new TrainState(small, weightsOf(small, 4), { ema: true });
    second.importState(exported);
    await trainStep(first, [batch], settings);
    await trainStep(second, [batch], settings);
    expect(second.exportState()).toEqual(first.exportState());
    first.dispose();
    second.dispose();
  });
  it('refuses a state that lacks a part and stays as it was', () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: false });
    const exported = state.exportState();
    exported.delete('v/norm.bias');
    expect(() => {
      state.importState(exported);
    }).toThrow(/lack norm\.bias/);
    expect(() => {
      state.importState(new Map());
    }).toThrow(TrainStateError);
    const other = new TrainState(small, weightsOf(small, 1), { ema: true });
    expect(() => {
      state.importState(other.exportState());
    }).toThrow(/moving average/);
    expect(state.weights('parameters')).toEqual(weightsOf(small, 1));
    state.dispose();
    other.dispose();
  });
  it('makes no new tensors over 30 steps', async () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: true });
    const batch = batchOf(mlcak);
    const halves = [slice(batch, 0, 2), slice(batch, 2, 4)];
    await trainStep(state, halves, step(mlcak, { emaDecay: ema }));
    const { numTensors } = tf.memory();
    for (let i = 0; i < 30; i += 1) {
      await trainStep(state, halves, step(mlcak, { emaDecay: ema }));
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    const held = 4 * state.groups.length + new Set(state.decayMasks).size; // parameters, m, v, average
    state.dispose();
    expect(tf.memory().numTensors).toBe(numTensors - held);
  });
});

describe('failures', () => {
  it('a loss that is not finite is an error, keeps the weights and leaks nothing', async () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: false });
    const batch = batchOf(mlcak);
    const broken = { ...batch, images: batch.images.slice().fill(Infinity, 0, 1) };
    const before = tf.memory().numTensors;
    await expect(trainStep(state, [batch, broken], step(mlcak))).rejects.toThrow(NotFiniteError);
    expect(tf.memory().numTensors).toBe(before);
    expect(state.step).toBe(0);
    expect(state.weights('parameters')).toEqual(weightsOf(small, 1));
    state.dispose();
  });
  it('a gradient that is not finite is an error too', async () => {
    const vanilla = objectiveOf(methodCase('vanilla'));
    const objective = { ...vanilla, loss: { ...vanilla.loss, alpha: 10 } };
    const weights = weightsOf(small, 1);
    weights.get('t1.bias')?.fill(5e18, 0, 1); // the squared difference to the teacher fits f32, the gradient's norm does not
    const state = new TrainState(small, weights, { ema: false });
    const before = tf.memory().numTensors;
    await expect(trainStep(state, [batchOf(objective)], step(objective))).rejects.toMatchObject({
      name: 'NotFiniteError',
      what: 'gradient',
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(state.weights('parameters')).toEqual(weights);
    state.dispose();
  });
  it('an empty effective batch is a mistake', async () => {
    const state = new TrainState(small, weightsOf(small, 1), { ema: false });
    await expect(trainStep(state, [], step(mlcak))).rejects.toThrow(/at least one film/);
    state.dispose();
  });
});
