/** @file Attention maps against PyTorch (rollout, Chefer relevance), and normalisation for showing. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  attentionRelevance,
  attentionRollout,
  classAttention,
} from '../../../main/numeric/attention/maps.ts';
import { FULL_RANGE, normaliseMap, ROBUST_RANGE } from '../../../main/numeric/attention/normalise-map.ts';
import { targetWeights, type RelevanceTarget } from '../../../main/numeric/predict/answers.ts';
import { forward } from '../../../main/numeric/vit/forward.ts';
import {
  disposeParameters,
  loadParameters,
  type NamedParameters,
} from '../../../main/numeric/vit/parameters.ts';
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

/** What `maps` makes of a batch of two films that are both the reference's film 0; the values of film `film`. */
function ofFilm(
  film: number,
  maps: (parameters: NamedParameters, images: tf.Tensor4D) => tf.Tensor,
): Float32Array {
  const parameters = loadParameters(weightsOf(small, 1), small);
  const before = tf.memory().numTensors;
  const values: Float32Array[] = [];
  tf.tidy(() => {
    const image = tf.tensor4d(imagesOf(small, 70, 1), [1, 64, 64, 1]);
    const all = maps(parameters, tf.concat([image, image], 0)).dataSync<'float32'>();
    values.push(all.slice((film * all.length) / 2, ((film + 1) * all.length) / 2));
  });
  expect(tf.memory().numTensors).toBe(before);
  disposeParameters(parameters);
  return values[0] as Float32Array;
}

const forwardWith = (attention: true | 'last') => (parameters: NamedParameters, images: tf.Tensor4D) =>
  forward(parameters, images, small, normalisation, { attention }).attention;

/** [h · 16] of the last block. */
const classOf = (film: number, attention: true | 'last') =>
  ofFilm(film, (parameters, images) => {
    const last = forwardWith(attention)(parameters, images).at(-1);
    if (last === undefined) throw new Error('no attention');
    return classAttention(last);
  });

describe('against PyTorch', () => {
  it('last block: every head', () => {
    expect(relativeDifference(classOf(1, true), golden('map/cls-heads'))).toBeLessThan(1e-4);
  });
  it('the last block alone is the last of all', () => {
    expect(classOf(1, 'last')).toEqual(classOf(1, true));
  });
  it.each([0, 1])('rollout of film %i', (film) => {
    const rollout = ofFilm(film, (parameters, images) =>
      attentionRollout(forwardWith(true)(parameters, images)),
    );
    expect(relativeDifference(rollout, golden('map/rollout'))).toBeLessThan(1e-4);
  });
  it.each([0, 1])('relevance of film %i for a finding and for abnormal', (film) => {
    const relevance = (target: RelevanceTarget) =>
      ofFilm(film, (parameters, images) => {
        const weights = tf.tensor1d(targetWeights(small, target));
        return attentionRelevance(parameters, images, small, normalisation, weights);
      });
    expect(relativeDifference(relevance({ finding: 2 }), golden('map/finding-2'))).toBeLessThan(1e-3);
    expect(relativeDifference(relevance('abnormal'), golden('map/abnormal'))).toBeLessThan(1e-3);
    expect(relativeDifference(relevance('abnormal'), golden('map/finding-2'))).toBeGreaterThan(0.05);
  });
  it('there is no relevance for a finding that the model does not have', () => {
    expect(() => targetWeights(small, { finding: 5 })).toThrow(RangeError);
    expect([...targetWeights({ t1Units: 2, t2Units: 1 }, 'abnormal')]).toEqual([0, 0, 1]);
  });
});

describe('rollout', () => {
  const rollout = (block: tf.Tensor4D, blocks: number) =>
    tf.tidy(() => [...attentionRollout(Array.from({ length: blocks }, () => block)).dataSync<'float32'>()]);
  it('of heads that look only at themselves leaves the class token where it is', () => {
    const identity = tf.reshape<tf.Rank.R4>(tf.eye(5), [1, 1, 5, 5]);
    expect(rollout(identity, 2)).toEqual([0, 0, 0, 0]);
    identity.dispose();
  });
  it('sums to less than 1 with the class token’s own share', () => {
    const even = tf.fill<tf.Rank.R4>([1, 1, 5, 5], 0.2);
    expect(rollout(even, 1).reduce((sum, v) => sum + v, 0)).toBeCloseTo(0.4, 6);
    even.dispose();
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
