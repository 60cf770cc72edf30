/** @file Logits and block outputs against PyTorch: a small model fully, the three published shapes by samples. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { vitConfig, parameterCount, parameterSpecs } from '../../../main/numeric/vit/config.ts';
import { forward, type Capture } from '../../../main/numeric/vit/forward.ts';
import { initParameters } from '../../../main/numeric/vit/init.ts';
import {
  disposeParameters,
  loadOneByOne,
  loadParameters,
  WeightsMismatchError,
} from '../../../main/numeric/vit/parameters.ts';
import {
  configOf,
  golden,
  imagesOf,
  maxDifference,
  needEngine,
  normalisation,
  relativeDifference,
  report,
  small,
  uniform,
  weightsOf,
} from '../reference.ts';

beforeAll(needEngine);

function runSmall(capture: Capture) {
  return tf.tidy(() => {
    const parameters = loadParameters(weightsOf(small, 1), small);
    const images = tf.tensor4d(imagesOf(small, 70, 4), [4, 64, 64, 1]);
    const result = forward(parameters, images, small, normalisation, capture);
    const read = (tensor: tf.Tensor) => tensor.dataSync<'float32'>();
    const out = {
      t1: read(result.t1),
      t2: read(result.t2),
      blocks: result.blocks.flatMap((block) => [...read(block)]),
      attention: result.attention.map(read),
    };
    disposeParameters(parameters);
    return out;
  });
}

describe('small model', () => {
  it('logits within 1e-4 and every block output within 1e-4 relative of PyTorch', () => {
    const result = runSmall({ blocks: true });
    expect(maxDifference(result.t1, golden('t1'))).toBeLessThan(1e-4);
    expect(maxDifference(result.t2, golden('t2'))).toBeLessThan(1e-4);
    expect(relativeDifference(result.blocks, golden('blocks'))).toBeLessThan(1e-5);
  });
  it('looking at the attention changes nothing and its rows sum to 1', () => {
    const closed = runSmall({});
    const open = runSmall({ attention: true });
    expect(maxDifference(closed.t1, open.t1)).toBeLessThan(1e-6);
    expect(open.attention).toHaveLength(small.depth);
    const rows = open.attention[0] ?? new Float32Array();
    for (let row = 0; row < rows.length; row += 17) {
      expect(rows.subarray(row, row + 17).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  });
  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    runSmall({ blocks: true, attention: true });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(['tiny', 'small', 'base'] as const)('ViT-%s', (name) => {
  it('agrees with PyTorch at the published shape', () => {
    const expected = report.full[name];
    if (expected === undefined) throw new Error(name);
    const config = configOf(expected.config);
    const where = Array.from(uniform(99, 32), (u) => Math.floor(u * 197 * config.width));
    const parameters = loadParameters(weightsOf(config, 3), config);
    const sampled: number[] = [];
    tf.tidy(() => {
      const images = tf.tensor4d(imagesOf(config, 80, 1), [1, 224, 224, 1]);
      const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
      const { t1, t2, blocks } = forward(parameters, images, config, half, { blocks: true });
      expect(maxDifference(t1.dataSync(), golden(`${name}/t1`))).toBeLessThan(1e-4);
      expect(maxDifference(t2.dataSync(), golden(`${name}/t2`))).toBeLessThan(1e-4);
      blocks.forEach((block, index) => {
        const values = block.dataSync<'float32'>();
        sampled.push(...where.map((at) => values[at] ?? NaN));
        const [mean = NaN, sd = NaN, peak = NaN] = expected.blocks[index] ?? [];
        const actualMean = values.reduce((sum, v) => sum + v, 0) / values.length;
        const actualSd = Math.sqrt(values.reduce((sum, v) => sum + (v - actualMean) ** 2, 0) / values.length);
        const actualPeak = values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
        expect(Math.abs(actualMean - mean)).toBeLessThan(1e-4 * sd);
        expect(Math.abs(actualSd - sd)).toBeLessThan(1e-4 * sd);
        expect(Math.abs(actualPeak - peak)).toBeLessThan(1e-4 * peak);
      });
    });
    disposeParameters(parameters);
    expect(relativeDifference(sampled, golden(`${name}/samples`))).toBeLessThan(1e-4);
  });
});

describe('shapes', () => {
  it('counts the parameters of the published models', () => {
    // Known counts with a 1,000-class head: 5.717, 22.051, 86.568 million. Ours: 16 units instead of 1,000.
    const count = (variant: 'tiny' | 'small' | 'base') => parameterCount(vitConfig(variant, { t1Units: 14 }));
    expect(count('tiny')).toBe(5_717_416 - 984 * 193);
    expect(count('small')).toBe(22_050_664 - 984 * 385);
    expect(count('base')).toBe(86_567_656 - 984 * 769);
  });
  it('decays matrices only', () => {
    const decayed = parameterSpecs(small).filter(({ decay }) => decay);
    expect(decayed.every(({ shape }) => shape.length === 2)).toBe(true);
    expect(decayed).toHaveLength(3 + 4 * small.depth);
  });
  it('starts the same for the same seed: sd .02 cut at two sd, norms one, biases zero', () => {
    const one = initParameters(small, 5);
    expect(one).toEqual(initParameters(small, 5));
    expect(one.get('cls')).not.toEqual(initParameters(small, 6).get('cls'));
    const kernel = one.get('patch.kernel') ?? new Float32Array();
    const sd = Math.sqrt(kernel.reduce((sum, v) => sum + v * v, 0) / kernel.length);
    expect(sd).toBeCloseTo(0.02 * 0.8796, 3); // sd of a normal cut at ±2
    expect(kernel.every((v) => Math.abs(v) <= 0.04)).toBe(true);
    expect(one.get('norm.scale')?.every((v) => v === 1)).toBe(true);
    expect(one.get('t1.bias')?.every((v) => v === 0)).toBe(true);
  });
  it('refuses weights that do not fit', () => {
    const weights = weightsOf(small, 1);
    weights.set('t1.bias', new Float32Array(4));
    expect(() => loadParameters(weights, small)).toThrow(WeightsMismatchError);
    weights.delete('cls');
    expect(() => loadParameters(weights, small)).toThrow(/lack cls/);
  });
  it('takes weights one by one: the same tensors, and no array is kept', async () => {
    const whole = loadParameters(weightsOf(small, 1), small);
    const arrays = weightsOf(small, 1);
    const loaded = await loadOneByOne(small, ({ name }) => arrays.get(name) ?? new Float32Array());
    expect([...loaded.keys()]).toEqual([...whole.keys()]);
    for (const [name, tensor] of loaded) {
      expect(tensor.shape).toEqual(whole.get(name)?.shape);
      expect(tensor.dataSync()).toEqual(whole.get(name)?.dataSync());
    }
    expect([...arrays.values()].every(({ length }) => length === 0)).toBe(true);
    disposeParameters(whole);
    disposeParameters(loaded);
  });
  it('leaves no tensor behind where one does not come', async () => {
    const held = tf.memory().numTensors;
    const failing = loadOneByOne(small, ({ name, size }) => {
      if (name === 'norm.scale') throw new Error('the disk is gone');
      return new Float32Array(size);
    });
    await expect(failing).rejects.toThrow('the disk is gone');
    const short = loadOneByOne(small, ({ name, size }) => new Float32Array(name === 'cls' ? 1 : size));
    await expect(short).rejects.toThrow(WeightsMismatchError);
    expect(tf.memory().numTensors).toBe(held);
  });
});
