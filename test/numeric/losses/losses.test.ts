/** @file BCE of both tasks by hand: masks, soft labels, weights on positives, one and two T2 units. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { bceT1, bceT2 } from '../../../main/numeric/losses/losses.ts';
import { needEngine } from '../reference.ts';

beforeAll(needEngine);

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const bce = (z: number, y: number) => -(y * Math.log(sigmoid(z)) + (1 - y) * Math.log(1 - sigmoid(z)));
const value = (compute: () => tf.Tensor): number => tf.tidy(() => compute().dataSync()[0] ?? NaN);

describe('T1', () => {
  const logits = () => tf.tensor2d([1.5, -2, 0.3, 4], [2, 2]);
  const labels = () => tf.tensor2d([1, 0, 0, 0.5], [2, 2]);
  it('is the mean over known labels, soft labels allowed', () => {
    const mask = () => tf.tensor2d([1, 1, 0, 1], [2, 2]);
    const expected = (bce(1.5, 1) + bce(-2, 0) + bce(4, 0.5)) / 3;
    expect(value(() => bceT1(logits(), labels(), mask(), tf.scalar(3)))).toBeCloseTo(expected, 6);
  });
  it('no known label gives 0', () => {
    expect(value(() => bceT1(logits(), labels(), tf.zeros([2, 2]), tf.scalar(1)))).toBe(0);
  });
  it("weights positives as PyTorch's pos_weight; weights of 1 change nothing", () => {
    const mask = () => tf.ones<tf.Rank.R2>([2, 2]);
    const weighted = (weights: number[]) =>
      value(() => bceT1(logits(), labels(), mask(), tf.scalar(4), tf.tensor1d(weights)));
    const one = (z: number, y: number, w: number) =>
      -(w * y * Math.log(sigmoid(z)) + (1 - y) * Math.log(1 - sigmoid(z)));
    const expected = (one(1.5, 1, 3) + one(-2, 0, 2) + one(0.3, 0, 3) + one(4, 0.5, 2)) / 4;
    expect(weighted([3, 2])).toBeCloseTo(expected, 6);
    expect(weighted([1, 1])).toBeCloseTo(
      value(() => bceT1(logits(), labels(), mask(), tf.scalar(4))),
      6,
    );
  });
  it('extreme logits stay finite', () => {
    const far = () => tf.tensor2d([1e4, -1e4], [1, 2]);
    const wrong = value(() => bceT1(far(), tf.tensor2d([0, 1], [1, 2]), tf.ones([1, 2]), tf.scalar(2)));
    expect(wrong).toBeCloseTo(1e4, 2);
  });
});

describe('T2', () => {
  const abnormal = () => tf.tensor1d([1, 0, 1]);
  const mask = () => tf.tensor1d([1, 1, 0]);
  it('two units: BCE on one-hot [normal, abnormal], mean over units and known films', () => {
    const logits = () => tf.tensor2d([0.2, 1, -0.5, 0.7, 9, 9], [3, 2]);
    const expected = (bce(0.2, 0) + bce(1, 1) + bce(-0.5, 1) + bce(0.7, 0)) / 4;
    expect(value(() => bceT2(logits(), abnormal(), mask(), tf.scalar(2)))).toBeCloseTo(expected, 6);
  });
  it('one unit: BCE on abnormal', () => {
    const logits = () => tf.tensor2d([0.2, 1, 9], [3, 1]);
    const expected = (bce(0.2, 1) + bce(1, 0)) / 2;
    expect(value(() => bceT2(logits(), abnormal(), mask(), tf.scalar(2)))).toBeCloseTo(expected, 6);
  });
});
