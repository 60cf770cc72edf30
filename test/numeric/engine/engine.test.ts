/** @file The native engine loads here and computes right; a wrong number is noticed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { cardInUse, cardOf } from '../../../main/numeric/engine/gpu-name.ts';
import { type Engine, loadEngine } from '../../../main/numeric/engine/load-engine.ts';
import { nativeLibrary } from '../../../main/numeric/engine/native-library.ts';
import { check, EXPECTED, refuseWrongEngine, selfTest } from '../../../main/numeric/engine/self-test.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await loadEngine();
});

it('loads native TensorFlow, with room to train', () => {
  expect(engine.reason).toBeNull();
  expect(engine).toMatchObject({ backend: 'tensorflow', trainable: true });
  expect(engine.device).toMatch(/^(cpu|gpu)$/);
  expect(engine.tensorflow).toMatch(/^2\./);
  expect(engine.threads).toBeGreaterThan(0);
  expect(nativeLibrary()?.folder).toMatch(/lib$/);
});

it('shares one tfjs-core with the native package, and asks for oneDNN before the library loads', () => {
  const native = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as { engine: () => unknown };
  expect(native.engine()).toBe(tf.engine());
  expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBe('1');
});

it('leaves out the parts of tfjs that nothing uses, and keeps its gradients', () => {
  const native = createRequire(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu'));
  expect(Object.keys(native('@tensorflow/tfjs') as object)).not.toContain('sequential');
  expect(tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3])).arraySync()).toEqual([6]);
});

it('runs the operations whose util functions Node has dropped', () => {
  // concat goes through createTensorsTypeOpAttr, where isArray and isNullOrUndefined are called
  const joined = tf.concat([tf.tensor1d([1, 2]), tf.tensor1d([3])]);
  expect(joined.arraySync()).toEqual([1, 2, 3]);
});

it('holds the numbers of the reference file', () => {
  const file = new URL('../../fixtures/numeric/engine-self-test.json', import.meta.url);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as typeof EXPECTED;
  for (const name of ['matmul', 'convolution', 'trainingStep'] as const) {
    expect(golden[name]).toHaveLength(EXPECTED[name].length);
    golden[name].forEach((value, index) => expect(EXPECTED[name][index]).toBeCloseTo(value, 9));
  }
});

it('passes its self-test and leaves no tensors behind', () => {
  const before = tf.memory().numTensors;
  const result = selfTest(engine);
  expect(result.checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['matmul', true],
    ['convolution', true],
    ['training step', true],
  ]);
  expect(result.ok).toBe(true);
  expect(result.stepMs).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(before);
});

it.each(['matmul', 'convolution', 'trainingStep'] as const)('notices one wrong number in %s', (name) => {
  const wrong = EXPECTED[name].map((value, index) => (index === 3 ? value + 0.02 : value));
  const result = selfTest(engine, { ...EXPECTED, [name]: wrong });
  expect(result.ok).toBe(false);
  expect(result.checks.filter((one) => !one.ok)).toHaveLength(1);
});

it('an engine that computes wrong is refused in a sentence that names what failed; a right one, or none, is not', () => {
  const wrong = EXPECTED.matmul.map((value, index) => (index === 3 ? value + 0.02 : value));
  expect(() => refuseWrongEngine(engine, { ...EXPECTED, matmul: wrong })).toThrow(
    /computes wrong on .+: matmul failed the self-test/,
  );
  expect(() => refuseWrongEngine(engine)).not.toThrow();
  expect(() =>
    refuseWrongEngine({ ...engine, backend: 'none' }, { ...EXPECTED, matmul: wrong }),
  ).not.toThrow();
});

it('fails a check whose length differs, that is not a number, or that cannot run', () => {
  expect(check('short', [1, 2], () => tf.tensor1d([1])).ok).toBe(false);
  expect(check('long', [1], () => tf.tensor1d([1, 2])).ok).toBe(false);
  expect(check('not a number', [1], () => tf.tensor1d([NaN]))).toMatchObject({ ok: false, maxError: null });
  const broken = check('broken', [1], () => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])));
  expect(broken).toMatchObject({ ok: false, maxError: null });
  expect(broken.error).toMatch(/size-incompatible/);
});

it('leaves the training step out where nothing can be trained, and fails without an engine', () => {
  const untrainable = selfTest({ ...engine, trainable: false });
  expect(untrainable.checks.map((one) => one.name)).toEqual(['matmul', 'convolution']);
  expect(selfTest({ backend: 'none', device: 'none', trainable: false })).toEqual({
    ok: false,
    checks: [],
    stepMs: null,
  });
});

it('reads the name of a card from the driver', () => {
  const information = 'Model: \t\t NVIDIA RTX 4000\nIRQ: 12\nGPU UUID: \t GPU-1f\n';
  expect(cardOf(information)).toEqual({ name: 'NVIDIA RTX 4000', uuid: 'GPU-1f' });
  expect(cardOf('IRQ: 12\n')).toBeNull();
});

it('names the card that is computed on where several are there', () => {
  const cards = [
    { name: 'NVIDIA T400', uuid: 'GPU-aa' },
    { name: 'NVIDIA RTX 4000', uuid: 'GPU-bb' },
  ];
  expect(cardInUse(cards, { CUDA_VISIBLE_DEVICES: 'GPU-b' })).toBe('NVIDIA RTX 4000');
  const placed = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  expect(cardInUse(cards, placed)).toBe('NVIDIA T400');
  expect(cardInUse(cards, { ...placed, CUDA_VISIBLE_DEVICES: '1,0' })).toBe('NVIDIA RTX 4000');
  // CUDA counts from the fastest: neither the first nor a number says which one that is.
  expect(cardInUse(cards, {})).toBe('NVIDIA T400 or NVIDIA RTX 4000');
  expect(cardInUse(cards, { CUDA_VISIBLE_DEVICES: '1' })).toBe('NVIDIA T400 or NVIDIA RTX 4000');
  expect(cardInUse([...cards.slice(1), ...cards.slice(1)], { CUDA_VISIBLE_DEVICES: '1' })).toBe(
    'NVIDIA RTX 4000',
  );
  expect(cardInUse([], {})).toBeNull();
});
