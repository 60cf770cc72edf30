/** @file Compression of a larger model: a model that hides a smaller one in turned channels, extra heads and idle units is found again. */
import * as tf from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';

import { loadEngine } from '../../../main/numeric/engine/load-engine.ts';
import {
  compressModel,
  type CompressOptions,
  type Fitted,
  type FilmSource,
} from '../../../main/numeric/pretrain/compress/compress-model.ts';
import { refuseUnlessNarrower } from '../../../main/numeric/pretrain/compress/refuse-unless-narrower.ts';
import { Moments } from '../../../main/numeric/pretrain/compress/moments.ts';
import { toSmaller } from '../../../main/numeric/pretrain/compress/principal-directions.ts';
import { parameterSpecs, vitConfig, type VitConfig } from '../../../main/numeric/vit/config.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import { uniformGenerator } from '../../../main/numeric/vit/init.ts';
import { disposeParameters, loadParameters, type Weights } from '../../../main/numeric/vit/parameters.ts';

const small: VitConfig = {
  ...vitConfig('tiny', { t1Units: 1 }),
  variant: 'custom',
  width: 24,
  heads: 3,
  depth: 2,
  imageSize: 64,
};
const large: VitConfig = { ...small, width: 48, heads: 6 };
const PLAIN = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
/** Slots of the smaller model's heads and the first of its hidden units in the larger one. */
const HEADS = [1, 3, 4];
const FIRST_UNIT = 50;
const FILMS = 24;

beforeAll(async () => {
  await loadEngine();
});

function filled(config: VitConfig, seed: number, size: number): Map<string, Float32Array> {
  const uniform = uniformGenerator(seed);
  return new Map(
    parameterSpecs(config).map(({ name, size: count }) => [
      name,
      Float32Array.from({ length: count }, () =>
        name.endsWith('.scale') ? 1 + 0.2 * (uniform() - 0.5) : size * (uniform() - 0.5),
      ),
    ]),
  );
}

const matrixOf = (weights: Weights, name: string, columns: number): Matrix => {
  const values = weights.get(name) ?? new Float32Array();
  return Matrix.from1DArray(values.length / columns, columns, values);
};

/** Channel `d` of the smaller model along its own fixed direction of the larger one's channels, [24, 48], rows with sum 0. */
function embedding(): Matrix {
  const cosine = (width: number) =>
    new Matrix(
      Array.from({ length: width - 1 }, (_, at) =>
        Array.from(
          { length: width },
          (_, n) => Math.sqrt(2 / width) * Math.cos((Math.PI * (2 * n + 1) * (at + 1)) / (2 * width)),
        ),
      ),
    );
  const chosen = cosine(48).selection(
    Array.from({ length: 23 }, (_, at) => 2 * at),
    Array.from({ length: 48 }, (_, at) => at),
  );
  return cosine(24).transpose().mmul(chosen);
}

/** The smaller model written into a larger one of otherwise random heads and units whose output is zero. */
function hidden(weights: Weights): Map<string, Float32Array> {
  const turn = embedding();
  const into = filled(large, 9, 0.4);
  const set = (name: string, matrix: Matrix) => into.set(name, Float32Array.from(matrix.to1DArray()));
  for (const name of ['cls', 'positions', 'patch.kernel', 'patch.bias']) {
    set(name, matrixOf(weights, name, 24).mmul(turn));
  }
  for (let block = 0; block < small.depth; block += 1) {
    const at = (name: string) => `blocks.${block}.${name}`;
    const read = (norm: string, name: string, columns: number) => {
      const scale = Matrix.diag([...(weights.get(at(`${norm}.scale`)) ?? [])]);
      const kernel = matrixOf(weights, at(`${name}.kernel`), columns);
      const shift = matrixOf(weights, at(`${norm}.bias`), 24).mmul(kernel);
      return {
        kernel: turn.transpose().mmul(scale).mmul(kernel).mul(Math.SQRT1_2),
        bias: shift.add(matrixOf(weights, at(`${name}.bias`), columns)),
      };
    };
    for (const norm of ['norm1', 'norm2']) {
      into.set(at(`${norm}.scale`), new Float32Array(48).fill(1));
      into.set(at(`${norm}.bias`), new Float32Array(48));
    }
    const qkv = read('norm1', 'qkv', 72);
    const kernel = matrixOf(into, at('qkv.kernel'), 144);
    const bias = matrixOf(into, at('qkv.bias'), 144);
    const proj = Matrix.zeros(48, 48);
    const projected = matrixOf(weights, at('proj.kernel'), 24).mmul(turn);
    HEADS.forEach((slot, head) => {
      for (let channel = 0; channel < 8; channel += 1) {
        for (let part = 0; part < 3; part += 1) {
          const [from, to] = [part * 24 + head * 8 + channel, part * 48 + slot * 8 + channel];
          kernel.setColumn(to, qkv.kernel.getColumn(from));
          bias.setColumn(to, qkv.bias.getColumn(from));
        }
        proj.setRow(slot * 8 + channel, projected.getRow(head * 8 + channel));
      }
    });
    set(at('qkv.kernel'), kernel);
    set(at('qkv.bias'), bias);
    set(at('proj.kernel'), proj);
    set(at('proj.bias'), matrixOf(weights, at('proj.bias'), 24).mmul(turn));
    const fc1 = read('norm2', 'fc1', 96);
    const units = matrixOf(into, at('fc1.kernel'), 192);
    const unitBias = matrixOf(into, at('fc1.bias'), 192);
    const fc2 = Matrix.zeros(192, 48);
    const out = matrixOf(weights, at('fc2.kernel'), 24).mmul(turn);
    for (let unit = 0; unit < 96; unit += 1) {
      units.setColumn(FIRST_UNIT + unit, fc1.kernel.getColumn(unit));
      unitBias.setColumn(FIRST_UNIT + unit, fc1.bias.getColumn(unit));
      fc2.setRow(FIRST_UNIT + unit, out.getRow(unit));
    }
    set(at('fc1.kernel'), units);
    set(at('fc1.bias'), unitBias);
    set(at('fc2.kernel'), fc2);
    set(at('fc2.bias'), matrixOf(weights, at('fc2.bias'), 24).mmul(turn));
  }
  return into;
}

const uniform = uniformGenerator(5);
const pixels = Float32Array.from({ length: FILMS * 64 * 64 }, uniform);
const films: FilmSource = {
  count: FILMS,
  images: (first, count) => pixels.subarray(first * 4096, (first + count) * 4096),
};

/** Last block's attention, and the products of its centred tokens, which no turn of the channels changes. */
function behaviour(weights: Weights, config: VitConfig) {
  const all = new Map([...filled(config, 3, 0.1), ...weights]);
  const parameters = loadParameters(all, config);
  const result = tf.tidy(() => {
    const images = tf.tensor4d(pixels, [FILMS, 64, 64, 1]);
    const { attention, blocks } = forward(parameters, images, config, PLAIN, {
      attention: true,
      blocks: true,
    });
    const last = blocks.at(-1) as tf.Tensor3D;
    const centred = tf.sub(last, tf.mean(last, -1, true));
    return {
      attention: (attention.at(-1) as tf.Tensor4D).arraySync(),
      products: tf.matMul(centred, centred, false, true).dataSync(),
    };
  });
  disposeParameters(parameters);
  return result;
}

function relative(values: readonly number[], wanted: readonly number[]): number {
  const difference = Math.hypot(...values.map((value, at) => value - (wanted[at] ?? 0)));
  return difference / Math.hypot(...wanted);
}

const stay: CompressOptions = {
  from: null,
  between: () => Promise.resolve(),
  onBlock: () => Promise.resolve(),
};

describe('compression', () => {
  const larger = { weights: hidden(filled(small, 2, 0.4)), config: large, normalisation: PLAIN };

  it('finds the smaller model that a larger one hides: its attention, its tokens', async () => {
    const tensors = tf.memory().numTensors;
    const weights = await compressModel(larger, small, films, stay);
    expect(tf.memory().numTensors).toBe(tensors);
    const names = parameterSpecs(small).map(({ name }) => name);
    expect([...weights.keys()].sort()).toEqual(names.filter((name) => !/^t[12]\./.test(name)).sort());
    for (const { name, size } of parameterSpecs(small)) {
      if (weights.has(name)) expect(weights.get(name)).toHaveLength(size);
    }
    const [found, wanted] = [behaviour(weights, small), behaviour(larger.weights, large)];
    const flat = (film: number[][][]) => film.flat(2);
    const heads = wanted.attention.map((film) => HEADS.map((head) => film[head] ?? []));
    expect(relative(found.attention.flatMap(flat), heads.flatMap(flat))).toBeLessThan(0.02);
    expect(relative([...found.products], [...wanted.products])).toBeLessThan(0.02);
  });

  it('stops between films when asked, and leaves nothing on the device', async () => {
    const tensors = tf.memory().numTensors;
    let turns = 0;
    const between = () => ((turns += 1) === 7 ? Promise.reject(new Error('stop')) : Promise.resolve());
    await expect(compressModel(larger, small, films, { ...stay, between })).rejects.toThrow('stop');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('goes on after a block to the same bit, and tells how far it is', async () => {
    const kept: Fitted[] = [];
    const told: [number, number][] = [];
    const onBlock = ({ reduce, weights, blocks }: Fitted) => {
      kept.push({ reduce, weights: new Map(weights), blocks });
      return Promise.resolve();
    };
    const between = (done: number, total: number) => {
      told.push([done, total]);
      return Promise.resolve();
    };
    const whole = await compressModel(larger, small, films, { from: null, between, onBlock });
    expect(kept.map(({ blocks }) => blocks)).toEqual([1, 2]);
    const [done = 0, total = 1] = told.at(-1) ?? [];
    expect(done).toBe(total);
    told.length = 0;
    const from = kept[0] ?? null;
    const again = await compressModel(larger, small, films, { from, between, onBlock });
    expect(again).toEqual(whole);
    expect(told.at(-1)).toEqual([total, total]);
    expect(told.length).toBeLessThan(total);
  });

  it('refuses a model that is not larger in width alone, naming why', () => {
    expect(() => refuseUnlessNarrower(large, small)).not.toThrow();
    expect(() => refuseUnlessNarrower(small, large)).toThrow(/its width 24 is not above 48/);
    expect(() => refuseUnlessNarrower({ ...large, depth: 4 }, small)).toThrow(/4 blocks, not 2/);
    expect(() => refuseUnlessNarrower({ ...large, patch: 32 }, small)).toThrow(
      /patches have 32 pixels, not 16/,
    );
  });
});

it('the smaller channels have mean zero and keep lengths inside the strongest directions', () => {
  const spread = Matrix.diag([9, 1, 4, 0.1, 0.1, 0.1]);
  const reduce = Matrix.from1DArray(6, 3, toSmaller(spread, 3));
  for (const row of reduce.to2DArray()) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
  const centred = new Matrix([[5, 0, -5, 0, 0, 0]]); // in the two strongest directions
  expect(centred.mmul(reduce).norm()).toBeCloseTo(centred.norm(), 5);
});

it('weighted ridge regression gives the line that the rows lie on, for the chosen columns', () => {
  const moments = new Moments(3, 2);
  tf.tidy(() => {
    const x = tf.randomUniform<tf.Rank.R2>([500, 3], -1, 1, 'float32', 4);
    const [a, , c] = tf.split(x, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const y = tf.concat([tf.add(tf.sub(tf.mul(a, 2), c), 5), tf.mul(c, 3)], 1);
    moments.add(x, y, tf.ones([500, 1]));
    moments.add(tf.mul(x, 100), tf.zeros([500, 2]), tf.zeros([500, 1])); // weight 0: as if not there
  });
  const { kernel, bias } = moments.fit(Int32Array.of(0, 2), Int32Array.of(0));
  expect(kernel[0]).toBeCloseTo(2, 1);
  expect(kernel[1]).toBeCloseTo(-1, 1);
  expect(bias[0]).toBeCloseTo(5, 1);
  // Of y₁ = 2a − c + 5 and y₂ = 3c: without a, 4·Σa² is lost; without the idle b, nothing; without c, (1 + 9)·Σc²; Σ ≈ 500/3.
  const [a = 0, b = 0, c = 0] = moments.costs(
    Int32Array.of(0, 1, 2),
    [0, 1, 2].map((at) => Int32Array.of(at)),
  );
  expect(Math.abs(a / ((4 * 500) / 3) - 1)).toBeLessThan(0.1);
  expect(b).toBeLessThan(1);
  expect(Math.abs(c / ((10 * 500) / 3) - 1)).toBeLessThan(0.1);
});
