/** @file The native engine loads here and computes right; a wrong number is noticed. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

import { loadEngine } from '../../../main/numeric/engine/load-engine.ts';
import { check, selfTest } from '../../../main/numeric/engine/self-test.ts';

it('loads native TensorFlow and passes its self-test', async () => {
  const engine = await loadEngine();
  expect(engine.reason).toBeNull();
  expect(engine).toMatchObject({ backend: 'tensorflow', trainable: true });
  expect(engine.tensorflow).toMatch(/^2\./);
  const result = selfTest(engine.trainable);
  expect(result.checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['matmul', true],
    ['convolution', true],
    ['training step', true],
  ]);
  expect(result.ok).toBe(true);
});

it('fails a check whose numbers differ, whose length differs, or that cannot run', async () => {
  await loadEngine();
  expect(check('wrong', [1, 2], () => tf.tensor1d([1, 2.1])).ok).toBe(false);
  expect(check('short', [1, 2], () => tf.tensor1d([1])).ok).toBe(false);
  expect(check('broken', [1], () => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])))).toMatchObject({
    ok: false,
    maxError: null,
  });
});
