/** @file Attention maps against PyTorch (rollout, Chefer relevance), and normalisation for showing. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  attentionRelevance,
  attentionRollout,
  lastBlockAttention,
  readAttention,
  type FilmAttention,
} from '../../../main/numeric/attention/maps.ts';
import { FULL_RANGE, normaliseMap, ROBUST_RANGE } from '../../../main/numeric/attention/normalise-map.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import { disposeParameters, loadParameters } from '../../../main/numeric/vit/parameters.ts';
import {
  golden,
  imagesOf,
  needEngine,
  normalisation,
  relativeDifference,
  small,
  weightsOf,
} from '../reference.ts';

beforeAll(needEngine);

/** Attention of film `film` of a batch of two whose films are the reference's film 0, twice. */
function attentionOf(film: number, attention: true | 'last' = true): FilmAttention {
  const parameters = loadParameters(weightsOf(small, 1), small);
  let read: FilmAttention | undefined;
  tf.tidy(() => {
    const image = tf.tensor4d(imagesOf(small, 70, 1), [1, 64, 64, 1]);
    const result = forward(parameters, tf.concat([image, image], 0), small, normalisation, {
      attention,
    });
    read = readAttention(result, film);
  });
  disposeParameters(parameters);
  if (read === undefined) throw new Error('no attention');
  return read;
}

describe('against PyTorch', () => {
  it('last block: every head and their mean', () => {
    const attention = attentionOf(1);
    const heads = golden('map/cls-heads');
    for (let head = 0; head < 3; head += 1) {
      const map = lastBlockAttention(attention, head);
      expect(map.grid).toBe(4);
      expect(relativeDifference(map.values, heads.subarray(head * 16, head * 16 + 16))).toBeLessThan(1e-4);
    }
    const mean = Float32Array.from(
      { length: 16 },
      (_, i) => ((heads[i] ?? 0) + (heads[16 + i] ?? 0) + (heads[32 + i] ?? 0)) / 3,
    );
    expect(relativeDifference(lastBlockAttention(attention).values, mean)).toBeLessThan(1e-4);
    expect(() => lastBlockAttention(attention, 3)).toThrow(/heads 0 to 2/);
  });
  it('the last block alone is the last of all', () => {
    const alone = attentionOf(1, 'last');
    expect(alone.blocks).toHaveLength(1);
    expect(lastBlockAttention(alone).values).toEqual(lastBlockAttention(attentionOf(1)).values);
  });
  it('rollout', () => {
    expect(relativeDifference(attentionRollout(attentionOf(0)).values, golden('map/rollout'))).toBeLessThan(
      1e-4,
    );
  });
  it('relevance for a finding and for abnormal, without a leak', () => {
    const parameters = loadParameters(weightsOf(small, 1), small);
    const image = tf.tensor4d(imagesOf(small, 70, 1), [1, 64, 64, 1]);
    const before = tf.memory().numTensors;
    const relevance = (target: { finding: number } | 'abnormal') =>
      attentionRelevance(parameters, image, small, normalisation, target).values;
    expect(relativeDifference(relevance({ finding: 2 }), golden('map/finding-2'))).toBeLessThan(1e-3);
    expect(relativeDifference(relevance('abnormal'), golden('map/abnormal'))).toBeLessThan(1e-3);
    expect(relativeDifference(relevance('abnormal'), golden('map/finding-2'))).toBeGreaterThan(0.05);
    expect(() => relevance({ finding: 5 })).toThrow(RangeError);
    expect(tf.memory().numTensors).toBe(before);
    image.dispose();
    disposeParameters(parameters);
  });
});

describe('rollout', () => {
  it('of heads that look only at themselves leaves the class token where it is', () => {
    const identity = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0));
    const map = attentionRollout({ heads: 1, tokens: 5, blocks: [identity, identity] });
    expect([...map.values]).toEqual([0, 0, 0, 0]);
  });
  it('sums to less than 1 with the class token’s own share', () => {
    const even = new Float32Array(25).fill(0.2);
    const { values } = attentionRollout({ heads: 1, tokens: 5, blocks: [even] });
    expect(values.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0.4, 6);
  });
});

describe('normalising', () => {
  const map = { grid: 10, values: Float32Array.from({ length: 100 }, (_, i) => (i === 99 ? 1e4 : i)) };
  it('by extremes', () => {
    const { values } = normaliseMap(map, FULL_RANGE);
    expect(values[0]).toBe(0);
    expect(values[99]).toBe(1);
    expect(values[50]).toBeLessThan(0.01);
  });
  it('by percentiles one wild token does not hide the rest', () => {
    const { values } = normaliseMap(map, ROBUST_RANGE);
    expect(values[50]).toBeCloseTo(0.5, 1);
    expect(values[99]).toBe(1);
    expect(Math.min(...values)).toBe(0);
  });
  it('a flat map is all 0; what is not finite is 0', () => {
    expect(normaliseMap({ grid: 2, values: Float32Array.of(3, 3, 3, 3) }).values).toEqual(
      new Float32Array(4),
    );
    expect(
      normaliseMap({ grid: 2, values: Float32Array.of(NaN, 0, 1, Infinity) }, FULL_RANGE).values,
    ).toEqual(Float32Array.of(0, 0, 1, 0));
  });
});
