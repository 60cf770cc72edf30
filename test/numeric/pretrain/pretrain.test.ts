/** @file Pre-training against PyTorch: masked pixels, tokens of a larger model, weights picked from one; and the masks. */
import { readFileSync } from 'node:fs';

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { projectionGroups } from '../../../main/numeric/pretrain/feature-distillation.ts';
import { maskOrder, visibleCount } from '../../../main/numeric/pretrain/mask.ts';
import { decoderGroups } from '../../../main/numeric/pretrain/masked-autoencoder.ts';
import { sineCosinePositions } from '../../../main/numeric/pretrain/positions.ts';
import { maskedGradients, taughtGradients } from '../../../main/numeric/pretrain/pretrain-step.ts';
import { selectWeights } from '../../../main/numeric/pretrain/select-weights.ts';
import { distilledStart, maskedStart } from '../../../main/numeric/pretrain/start.ts';
import { TokenScaleSums } from '../../../main/numeric/pretrain/token-scale.ts';
import { TrainState } from '../../../main/numeric/train/train-state.ts';
import { optimise, type MicroGradients } from '../../../main/numeric/train/train-step.ts';
import { parameterSpecs, vitConfig, type ParameterGroup } from '../../../main/numeric/vit/config.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import { disposeParameters, loadParameters } from '../../../main/numeric/vit/parameters.ts';
import { floatTensor, readSafetensors } from '../../../main/numeric/weights/safetensors.ts';
import {
  imagesOf,
  maxDifference,
  needEngine,
  normalisation,
  relativeDifference,
  small,
  valuesOf,
  weightsOf,
} from '../reference.ts';

interface Report {
  readonly decoder: { readonly width: number; readonly depth: number; readonly heads: number };
  readonly batch: number;
  readonly visible: number;
  readonly order: readonly (readonly number[])[];
  readonly masked: { readonly loss: number; readonly norm: number };
  readonly distilled: { readonly classToken: number; readonly patchTokens: number; readonly norm: number };
  readonly selectedSum: number;
}

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/numeric/${name}`, import.meta.url));
const report = JSON.parse(fixture('pretrain-reference.json').toString('utf8')) as Report;
const tensors = readSafetensors(fixture('pretrain-reference.safetensors')).tensors;
const golden = (name: string): Float32Array => {
  const raw = tensors.get(name);
  if (raw === undefined) throw new Error(`the reference has no ${name}`);
  return floatTensor(name, raw).values;
};

const larger = { ...small, width: 48, heads: 6 };
const { batch, visible } = report;
const share = 1;
const images = imagesOf(small, 70, batch);
const order = Int32Array.from(report.order.flat());

function stateWith(extra: readonly ParameterGroup[], seed: number): TrainState {
  const specs = extra.flatMap((group) => group.specs);
  return new TrainState(small, new Map([...weightsOf(small, 1), ...valuesOf(specs, seed)]), {
    ema: false,
    extra,
  });
}

/** Measured values and the flat gradient. */
function read(compute: () => MicroGradients) {
  return tf.tidy(() => {
    const { measured, gradients } = compute();
    const flat = gradients.flatMap((gradient) => [...gradient.dataSync<'float32'>()]);
    return { measured: [...measured.dataSync<'float32'>()], flat };
  });
}

const every = (values: readonly number[], stride: number) => values.filter((_, at) => at % stride === 0);
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

beforeAll(needEngine);

describe('masked autoencoder', () => {
  const films = { films: batch, images, share, order, visible };
  it('loss and every gradient within 1e-3 relative of PyTorch', () => {
    const state = stateWith(decoderGroups(small, report.decoder), 5);
    const { measured, flat } = read(() => maskedGradients(state, films, report.decoder, normalisation));
    expect(measured).toHaveLength(2);
    expect(Math.abs((measured[0] ?? 0) / report.masked.loss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(norm(flat) / report.masked.norm - 1)).toBeLessThan(1e-3);
    expect(relativeDifference(every(flat, 3), golden('masked/gradient'))).toBeLessThan(1e-3);
    state.dispose();
  });
  it('what is masked does not reach the encoder: only the target changes with it', () => {
    const state = stateWith(decoderGroups(small, report.decoder), 5);
    const gradientOf = (pixels: Float32Array) =>
      read(() => maskedGradients(state, { ...films, images: pixels }, report.decoder, normalisation));
    // A constant patch has the target 0 whatever its grey: a hidden patch may change from one to another unseen.
    const hidden = report.order[0]?.at(-1) ?? 0;
    const painted = (grey: number) => {
      const copy = images.slice();
      for (let y = 0; y < 16; y += 1) {
        const row = Math.floor(hidden / 4) * 16 + y;
        copy.fill(grey, row * 64 + (hidden % 4) * 16, row * 64 + (hidden % 4) * 16 + 16);
      }
      return copy;
    };
    expect(gradientOf(painted(0.2)).measured[0]).toBeCloseTo(gradientOf(painted(0.9)).measured[0] ?? 0, 5);
    expect(gradientOf(painted(0.2)).measured[0]).not.toBeCloseTo(gradientOf(images).measured[0] ?? 0, 3);
    state.dispose();
  });
  it('two micro-batches add up to the batch', () => {
    const state = stateWith(decoderGroups(small, report.decoder), 5);
    const area = small.imageSize ** 2;
    const part = (from: number, count: number) => ({
      films: count,
      images: images.slice(from * area, (from + count) * area),
      share: count / batch,
      order: order.slice(from * 16, (from + count) * 16),
      visible,
    });
    const gradient = (one: Parameters<typeof maskedGradients>[1]) =>
      read(() => maskedGradients(state, one, report.decoder, normalisation)).flat;
    const first = gradient(part(0, 1));
    const sum = gradient(part(1, 2)).map((value, at) => value + (first[at] ?? 0));
    expect(relativeDifference(sum, gradient(films))).toBeLessThan(1e-5);
    state.dispose();
  });
  it('learns to predict the pixels and leaves no tensor behind', async () => {
    const groups = decoderGroups(small, report.decoder);
    const start = maskedStart(small, groups, 3);
    expect(start.get('positions')).toEqual(sineCosinePositions(small.width, 4));
    const before = tf.memory().numTensors;
    const state = new TrainState(small, start, { ema: true, extra: groups });
    const settings = { learningRate: 3e-3, weightDecay: 0.05, clipNorm: 1, emaDecay: 0.9 };
    // A smooth ramp: what is hidden follows from what is seen.
    const ramp = Float32Array.from(images, (_, at) => ((at % 64) + Math.floor((at % 4096) / 64)) / 128);
    const losses: number[] = [];
    for (let step = 0; step < 30; step += 1) {
      const micro = () => maskedGradients(state, { ...films, images: ramp }, report.decoder, normalisation);
      losses.push((await optimise(state, [micro], settings, () => Promise.resolve())).loss);
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 3);
    expect(state.weights('parameters').get('positions')).toEqual(start.get('positions'));
    state.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('masks', () => {
  it('75 % of 196 patches leaves 49; something is always seen and something hidden', () => {
    expect(visibleCount(196, 0.75)).toBe(49);
    expect(visibleCount(4, 0.99)).toBe(1);
    expect(visibleCount(4, 0)).toBe(3);
  });
  it('are permutations that depend on seed, epoch and film alone', () => {
    const one = maskOrder(1, 2, 3, 196);
    expect([...one].sort((a, b) => a - b)).toEqual(Array.from({ length: 196 }, (_, at) => at));
    expect(maskOrder(1, 2, 3, 196)).toEqual(one);
    for (const other of [maskOrder(2, 2, 3, 196), maskOrder(1, 3, 3, 196), maskOrder(1, 2, 4, 196)]) {
      expect(other).not.toEqual(one);
    }
  });
  it('every patch is seen about a quarter of the time', () => {
    const seen = new Array<number>(196).fill(0);
    for (let film = 0; film < 400; film += 1) {
      for (const patch of maskOrder(5, 0, film, 196).subarray(0, 49)) seen[patch] = (seen[patch] ?? 0) + 1;
    }
    // Binomial(400, 0.25): 100 ± 8.7; five deviations.
    expect(Math.min(...seen)).toBeGreaterThan(56);
    expect(Math.max(...seen)).toBeLessThan(144);
  });
});

it('fixed positions as in the reference', () => {
  expect(maxDifference(sineCosinePositions(small.width, 4), golden('positions'))).toBeLessThan(1e-6);
});

describe('feature distillation', () => {
  it('both terms and every gradient within 1e-3 relative of PyTorch', () => {
    const teacher = loadParameters(weightsOf(larger, 2), larger);
    const feature = tf.tidy(() => {
      const input = tf.tensor4d(images, [batch, 64, 64, 1]);
      const { blocks } = forward(teacher, input, larger, normalisation, { blocks: true });
      return blocks.at(-1)?.dataSync<'float32'>() ?? new Float32Array();
    });
    disposeParameters(teacher);
    const state = stateWith(projectionGroups(small, larger.width), 6);
    const sums = new TokenScaleSums(feature.length / batch);
    sums.add(feature.subarray(0, feature.length / batch)); // film by film or together: the same
    sums.add(feature.subarray(feature.length / batch));
    const films = { films: batch, images, share, feature, scale: sums.scale() };
    const { measured, flat } = read(() => taughtGradients(state, films, normalisation));
    const [loss = 0, classToken = 0, patchTokens = 0] = measured;
    expect(Math.abs(classToken / report.distilled.classToken - 1)).toBeLessThan(1e-4);
    expect(Math.abs(patchTokens / report.distilled.patchTokens - 1)).toBeLessThan(1e-4);
    expect(loss).toBeCloseTo(classToken + patchTokens, 4);
    expect(Math.abs(norm(flat) / report.distilled.norm - 1)).toBeLessThan(1e-3);
    expect(relativeDifference(every(flat, 7), golden('distilled/gradient'))).toBeLessThan(1e-3);
    state.dispose();
  });
});

it('tokens of a single film have no deviation and are left finite', () => {
  const sums = new TokenScaleSums(2);
  sums.add(Float32Array.of(3, -1));
  expect(sums.scale()).toEqual({ mean: Float32Array.of(3, -1), inverse: Float32Array.of(1, 1) });
  expect(() => sums.add(Float32Array.of(1, 2, 3))).toThrow(RangeError);
});

describe('weight selection', () => {
  it('picks what PyTorch picks: channels, whole heads, hidden units', () => {
    const picked = selectWeights(weightsOf(larger, 2), larger, small);
    const names = parameterSpecs(small).map(({ name }) => name);
    expect([...picked.keys()]).toEqual(names.filter((name) => !/^t[12]\./.test(name)));
    const flat = [...picked.values()].flatMap((values) => [...values]);
    expect(every(flat, 11)).toEqual([...golden('selected')]);
    expect(flat.reduce((sum, value) => sum + value, 0)).toBeCloseTo(report.selectedSum, 3);
  });
  it('Small gives Tiny and Base gives Small, of the right sizes', () => {
    for (const [from, to] of [
      ['small', 'tiny'],
      ['base', 'small'],
    ] as const) {
      const source = vitConfig(from, { t1Units: 1 });
      const target = vitConfig(to, { t1Units: 1 });
      const empty = new Map(parameterSpecs(source).map(({ name, size }) => [name, new Float32Array(size)]));
      const start = distilledStart(empty, source, target, projectionGroups(target, source.width), 1);
      for (const { name, size } of parameterSpecs(target)) expect(start.get(name)).toHaveLength(size);
    }
  });
  it('fewer blocks are taken at even distances', () => {
    const two = { ...small, depth: 2 };
    const deep = { ...small, depth: 4 };
    const source = new Map(
      parameterSpecs(deep).map(({ name, size }) => [
        name,
        new Float32Array(size).fill(Number(/^blocks\.(\d)/.exec(name)?.[1] ?? 9)),
      ]),
    );
    const picked = selectWeights(source, deep, two);
    expect(picked.get('blocks.0.fc1.bias')?.[0]).toBe(0);
    expect(picked.get('blocks.1.fc1.bias')?.[0]).toBe(2);
  });
  it('refuses a model that is not inside the other, naming why', () => {
    expect(() => selectWeights(weightsOf(small, 1), small, larger)).toThrow(/its width 24 is below 48/);
    const coarse = { ...larger, patch: 32 };
    expect(() => selectWeights(weightsOf(coarse, 1), coarse, small)).toThrow(
      /patches have 32 pixels, not 16/,
    );
  });
});
