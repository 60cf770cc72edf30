/** @file The loss of scored films: a number worked out by hand, the engine's own loss, unknown labels, very sure logits. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { loadEngine } from '../../../main/numeric/engine/load-engine.ts';
import { classificationLoss, type Label } from '../../../main/numeric/losses/classification-loss.ts';
import { bceT1, bceT2 } from '../../../main/numeric/losses/losses.ts';
import { uniformGenerator } from '../../../main/numeric/vit/init.ts';

beforeAll(async () => {
  await loadEngine();
});

it('is what it is by hand', () => {
  // T1: film 1 has label 1 at logit 0 (ln 2), the other unknown; film 2 label 0 at −1 (ln(1 + 1/e)), label 1 at 100 (0).
  // T2: film 1 is normal with logits [1, −1]: ln(1 + 1/e) for both units; film 2 is unknown.
  const t1 = (0.6931471806 + 0.3132616875 + 0) / 3;
  const t2 = 0.3132616875;
  const loss = classificationLoss({
    t1: Float32Array.of(0, 2, -1, 100),
    t2: Float32Array.of(1, -1, 7, 7),
    t1Labels: [
      [1, null],
      [0, 1],
    ],
    t2Labels: [0, null],
  });
  expect(loss).toBeCloseTo(t1 + t2, 9);
});

it.each([1, 2] as const)('is the loss of training, with %i T2 units', (units) => {
  const uniform = uniformGenerator(3);
  const [films, findings] = [40, 5];
  const logits = (count: number) => Float32Array.from({ length: count }, () => 12 * (uniform() - 0.5));
  const label = (): Label => ([0, 1, null] as const)[Math.floor(uniform() * 3)] ?? null;
  const t1 = logits(films * findings);
  const t2 = logits(films * units);
  const t1Labels = Array.from({ length: films }, () => Array.from({ length: findings }, label));
  const t2Labels = Array.from({ length: films }, label);
  const filled = (list: Label[]) => list.map((one) => one ?? 0);
  const mask = (list: Label[]) => list.map((one) => (one === null ? 0 : 1));
  const known = (list: Label[]) => tf.scalar(list.filter((one) => one !== null).length);
  const flat = t1Labels.flat();
  const expected = tf.tidy(() => {
    const shape: [number, number] = [films, findings];
    const first = bceT1(
      tf.tensor2d(t1, shape),
      tf.tensor2d(filled(flat), shape),
      tf.tensor2d(mask(flat), shape),
      known(flat),
    );
    const second = bceT2(
      tf.tensor2d(t2, [films, units]),
      tf.tensor1d(filled(t2Labels)),
      tf.tensor1d(mask(t2Labels)),
      known(t2Labels),
    );
    return tf.add(first, second).dataSync()[0];
  });
  expect(classificationLoss({ t1, t2, t1Labels, t2Labels })).toBeCloseTo(expected ?? Number.NaN, 5);
});

it('is null when no label is known, one task alone when only that one is', () => {
  const logits = { t1: Float32Array.of(0), t2: Float32Array.of(5, -5) };
  expect(classificationLoss({ ...logits, t1Labels: [[null]], t2Labels: [null] })).toBeNull();
  expect(classificationLoss({ ...logits, t1Labels: [[1]], t2Labels: [null] })).toBeCloseTo(Math.LN2, 12);
  const none = { t1: new Float32Array(0), t2: new Float32Array(0), t1Labels: [], t2Labels: [] };
  expect(classificationLoss(none)).toBeNull();
});
