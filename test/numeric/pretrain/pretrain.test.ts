/** @file Masked autoencoder against PyTorch: loss, gradients, positions; and the masks. */
import { readFileSync } from 'node:fs';

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { maskOrder, visibleCount } from '../../../main/numeric/pretrain/mask.ts';
import { decoderGroups } from '../../../main/numeric/pretrain/masked-autoencoder.ts';
import { sineCosinePositions } from '../../../main/numeric/pretrain/positions.ts';
import { maskedWork, type MaskedFilms } from '../../../main/numeric/pretrain/pretrain-step.ts';
import { maskedStart } from '../../../main/numeric/pretrain/start.ts';
import { TrainState } from '../../../main/numeric/train/train-state.ts';
import { stepOf } from '../../../main/numeric/train/train-step.ts';
import type { ParameterGroup } from '../../../main/numeric/vit/config.ts';
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
}

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/numeric/${name}`, import.meta.url));
const report = JSON.parse(fixture('pretrain-reference.json').toString('utf8')) as Report;
const tensors = readSafetensors(fixture('pretrain-reference.safetensors')).tensors;
const golden = (name: string): Float32Array => {
  const raw = tensors.get(name);
  if (raw === undefined) throw new Error(`the reference has no ${name}`);
  return floatTensor(name, raw).values;
};

const { batch, visible } = report;
const images = imagesOf(small, 70, batch);
const order = Int32Array.from(report.order.flat());

function stateWith(extra: readonly ParameterGroup[], seed: number): TrainState {
  const specs = extra.flatMap((group) => group.specs);
  return new TrainState(small, new Map([...weightsOf(small, 1), ...valuesOf(specs, seed)]), {
    ema: false,
    extra,
  });
}

const workOf = ({ config, groups }: TrainState) =>
  maskedWork({ config, groups, decoder: report.decoder, normalisation, visible, recompute: false });

/** Measured values and the flat gradient of one micro-batch of `all`. */
function read(state: TrainState, films: MaskedFilms, all: readonly MaskedFilms[] = [films]) {
  return tf.tidy(() => {
    const work = workOf(state);
    const { measured, gradients } = work.gradients(state.tensors('parameters'), work.tensors(films, all));
    const flat = gradients.flatMap((gradient) => [...gradient.dataSync<'float32'>()]);
    return { measured: [...measured.dataSync<'float32'>()], flat };
  });
}

const every = (values: readonly number[], stride: number) => values.filter((_, at) => at % stride === 0);
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

beforeAll(needEngine);

describe('masked autoencoder', () => {
  const films = { films: batch, images, order };
  it('loss and every gradient within 1e-3 relative of PyTorch', () => {
    const state = stateWith(decoderGroups(small, report.decoder), 5);
    const { measured, flat } = read(state, films);
    expect(measured).toHaveLength(2);
    expect(Math.abs((measured[0] ?? 0) / report.masked.loss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(norm(flat) / report.masked.norm - 1)).toBeLessThan(1e-3);
    expect(relativeDifference(every(flat, 3), golden('masked/gradient'))).toBeLessThan(1e-3);
    state.dispose();
  });
  it('what is masked does not reach the encoder: only the target changes with it', () => {
    const state = stateWith(decoderGroups(small, report.decoder), 5);
    const gradientOf = (pixels: Float32Array) => read(state, { ...films, images: pixels });
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
      order: order.slice(from * 16, (from + count) * 16),
    });
    const parts = [part(0, 1), part(1, 2)];
    const [first = [], second = []] = parts.map((one) => read(state, one, parts).flat);
    const sum = second.map((value, at) => value + (first[at] ?? 0));
    expect(relativeDifference(sum, read(state, films).flat)).toBeLessThan(1e-5);
    state.dispose();
  });
  it('learns to predict the pixels and leaves no tensor behind', async () => {
    const groups = decoderGroups(small, report.decoder);
    const start = maskedStart(small, groups, 3);
    expect(start.get('positions')).toEqual(sineCosinePositions(small.width, 4));
    const before = tf.memory().numTensors;
    const state = new TrainState(small, start, { ema: true, extra: groups });
    const settings = { learningRate: 3e-3, weightDecay: 0.05, clipNorm: 1, emaDecay: 0.9, emaWarmup: true };
    // A smooth ramp: what is hidden follows from what is seen.
    const ramp = Float32Array.from(images, (_, at) => ((at % 64) + Math.floor((at % 4096) / 64)) / 128);
    const losses: number[] = [];
    for (let step = 0; step < 30; step += 1) {
      losses.push((await stepOf(workOf(state), state, [{ ...films, images: ramp }], settings)).loss);
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
