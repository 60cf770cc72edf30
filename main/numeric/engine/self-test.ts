/**
 * @file Checks that the loaded engine computes right: a matmul, a convolution and two tiny training steps against
 * numbers from PyTorch (test/fixtures/make/engine-self-test.py). `doctor` tells all of it; training and inference processes refuse to go on
 * with an engine that computes wrong (about 25 ms beside a second of loading).
 */
import * as tf from '@tensorflow/tfjs-core';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Engine } from './load-engine.ts';

export interface SelfTestCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Largest absolute difference to the known numbers; null when the check could not run. */
  readonly maxError: number | null;
  /** What the engine said when the check could not run. */
  readonly error?: string;
}

export interface SelfTest {
  readonly ok: boolean;
  readonly checks: readonly SelfTestCheck[];
  /** Duration of one warm training step of the test, in ms; null when it did not run. */
  readonly stepMs: number | null;
}

export interface ExpectedNumbers {
  readonly matmul: readonly number[];
  readonly convolution: readonly number[];
  /** Two losses, then kernel, weights and bias after the second step. */
  readonly trainingStep: readonly number[];
}

/** The numbers of the golden file, to nine digits. */
export const EXPECTED: ExpectedNumbers = {
  matmul: [0.07, -0.14, 0.03, 0, -0.01, 0.05],
  convolution: [
    -0.21, 0.16, 0.23, -0.04, -0.22, 0.31, 0.26, 0.11, 0.26, -0.09, -0.18, 0.09, 0.35, 0.39, 0.19, -0.3,
    -0.26, 0.17, 0.4, 0.19, 0.05, -0.17, -0.13, 0.16, 0.23, 0.1, 0.01, 0.04, -0.08, 0.2, 0.02, -0.06, -0.19,
    0.3, 0.18, 0.17, 0.17, -0.36, -0.23, 0.04, 0.38, 0.07, 0.05, -0.17, -0.3, 0.24, 0.12, 0.11, -0.14, 0.33,
    -0.03, 0.26, 0.28, -0.21, -0.09, -0.09, 0.37, 0.22, 0.22, -0.26, -0.31, 0.23, 0.06, 0.18,
  ],
  trainingStep: [
    1.109123831, 1.100011997, -0.179747799, 0.319401919, 0.119789158, -0.119783585, 0.379249802, 0.179632405,
    -0.019956429, -0.219595629, 0.279447996, 0.119803455, -0.079832963, 0.383423091, 0.179662716, 0.019835067,
    -0.17964419, 0.279787113, 0.079850419, -0.119796695, -0.079834466, 0.179631563, 0.019971637, 0.319392872,
    0.079815772, -0.07983974, -0.079814075, -0.019985097, 0.119783879,
  ],
};

/** Single precision on a processor; a graphics card may multiply with 10-bit mantissas (TF32). */
const TOLERANCE = { gpu: 5e-3, other: 1e-5 } as const;

const RATE = 0.01;
const DECAY = 0.1;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Deterministic values (i · factor mod modulus) / 10 − shift. */
function ramp(shape: number[], factor: number, modulus: number, shift: number): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(
    Array.from({ length: count }, (_, index) => ((index * factor) % modulus) / 10 - shift),
    shape,
  );
}

const testImages = () => ramp([2, 4, 4, 1], 7, 11, 0.4) as tf.Tensor4D;
const testKernel = () => ramp([3, 3, 1, 2], 5, 7, 0.2) as tf.Tensor4D;

function matmul(): tf.Tensor {
  return tf.matMul(ramp([3, 4], 5, 9, 0.3), ramp([4, 2], 4, 7, 0.2));
}

function convolution(): tf.Tensor {
  return tf.conv2d(testImages(), testKernel(), 1, 'same'); // [2, 4, 4, 2]
}

/** Cross-entropy of classes [2, 0] after convolution, ReLU, mean over pixels and a linear layer. */
function testLoss(kernel: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor): tf.Scalar {
  const features = tf.relu(tf.conv2d(testImages(), kernel as tf.Tensor4D, 1, 'same')); // [2, 4, 4, 2]
  const pooled = tf.mean(features, [1, 2]); // [2, 2]
  const logits = tf.add(tf.matMul(pooled, weights), bias); // [2, 3]
  const target = tf.tensor2d([0, 0, 1, 1, 0, 0], [2, 3]);
  const picked = tf.sum(tf.mul(tf.sub(logits, tf.logSumExp(logits, 1, true)), target), 1); // [2]
  return tf.neg(tf.mean(picked));
}

interface Slot {
  readonly value: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
}

/** AdamW as in Loshchilov & Hutter 2019: decay first, then the bias-corrected moments. */
function updated({ value, m, v }: Slot, gradient: tf.Tensor, step: number): Slot {
  const nextM = tf.add(tf.mul(m, BETA1), tf.mul(gradient, 1 - BETA1));
  const nextV = tf.add(tf.mul(v, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
  const mean = tf.div(nextM, 1 - BETA1 ** step);
  const scale = tf.add(tf.sqrt(tf.div(nextV, 1 - BETA2 ** step)), EPSILON);
  const decayed = tf.mul(value, 1 - RATE * DECAY);
  return { value: tf.sub(decayed, tf.mul(tf.div(mean, scale), RATE)), m: nextM, v: nextV };
}

/** Two steps; [2 + 18 + 6 + 3]: both losses, then all parameters. */
function trainingSteps(): tf.Tensor {
  let slots: readonly Slot[] = [testKernel(), ramp([2, 3], 3, 5, 0.1), ramp([3], 1, 3, 0.1)].map((value) => ({
    value,
    m: tf.zerosLike(value),
    v: tf.zerosLike(value),
  }));
  const gradient = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
    const [kernel, weights, bias] = parameters as [tf.Tensor, tf.Tensor, tf.Tensor];
    return testLoss(kernel, weights, bias);
  });
  const losses: tf.Tensor[] = [];
  for (const step of [1, 2]) {
    const { value, grads } = gradient(slots.map((slot) => slot.value));
    losses.push(value);
    slots = slots.map((slot, index) => updated(slot, grads[index] ?? slot.value, step));
  }
  return tf.concat([...losses, ...slots.map((slot) => slot.value)].map((tensor) => tf.reshape(tensor, [-1])));
}

/** Compares a result to the known numbers; a failure to compute is a failed check, never an exception. */
export function check(
  name: string,
  expected: readonly number[],
  compute: () => tf.Tensor,
  tolerance: number = TOLERANCE.other,
): SelfTestCheck {
  try {
    const actual = tf.tidy(() => [...compute().dataSync<'float32'>()]);
    const differences = expected.map((value, index) => Math.abs(value - (actual[index] ?? Infinity)));
    const maxError = differences.some(Number.isNaN) ? NaN : Math.max(...differences);
    const ok = actual.length === expected.length && maxError <= tolerance;
    return { name, ok, maxError: Number.isFinite(maxError) ? maxError : null };
  } catch (error) {
    return { name, ok: false, maxError: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Runs all checks on the engine that is loaded; never throws. WebAssembly, which only predicts, leaves the training
 * step out. `expected` is there so that a test can see the self-test fail.
 */
export function selfTest(
  engine: Pick<Engine, 'backend' | 'device' | 'trainable'>,
  expected: ExpectedNumbers = EXPECTED,
): SelfTest {
  if (engine.backend === 'none') return { ok: false, checks: [], stepMs: null };
  const tolerance = engine.device === 'gpu' ? TOLERANCE.gpu : TOLERANCE.other;
  const checks = [
    check('matmul', expected.matmul, matmul, tolerance),
    check('convolution', expected.convolution, convolution, tolerance),
  ];
  let stepMs: number | null = null;
  if (engine.trainable) {
    const trained = check('training step', expected.trainingStep, trainingSteps, tolerance);
    checks.push(trained);
    if (trained.maxError !== null) {
      const start = performance.now();
      check('training step', expected.trainingStep, trainingSteps, tolerance);
      stepMs = (performance.now() - start) / 2;
    }
  }
  return { ok: checks.every((one) => one.ok), checks, stepMs };
}

/** @throws ServiceError ENGINE_UNAVAILABLE where the engine that is loaded computes wrong. One that could not be loaded says so itself. */
export function refuseWrongEngine(
  engine: Pick<Engine, 'backend' | 'device' | 'trainable' | 'deviceName'>,
  expected: ExpectedNumbers = EXPECTED,
): void {
  if (engine.backend === 'none') return;
  const wrong = selfTest(engine, expected).checks.filter((one) => !one.ok);
  if (wrong.length === 0) return;
  const names = wrong.map(({ name }) => name).join(', ');
  throw new ServiceError(
    'ENGINE_UNAVAILABLE',
    `The engine computes wrong on ${engine.deviceName}: ${names} failed the self-test. Nothing was trained or predicted with it. Start the computer again; if it stays so, send what the doctor says (Settings, or the verb doctor).`,
    { checks: wrong.map(({ name, maxError }) => ({ name, maxError })) },
  );
}
