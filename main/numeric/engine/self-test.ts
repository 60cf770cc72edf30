/** @file Checks that the loaded engine computes right: a matmul, a convolution, one training step, against known numbers. */
import * as tf from '@tensorflow/tfjs-core';

export interface SelfTestCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Largest absolute difference to the known numbers; null when the check could not run. */
  readonly maxError: number | null;
}

export interface SelfTest {
  readonly ok: boolean;
  readonly checks: readonly SelfTestCheck[];
  /** Duration of the training step; null when it did not run. */
  readonly stepMs: number | null;
}

const TOLERANCE = 1e-5;

/** Compares a result to the known numbers; a failure to compute is a failed check, never an exception. */
export function check(name: string, expected: readonly number[], compute: () => tf.Tensor): SelfTestCheck {
  try {
    const actual = tf.tidy(() => [...compute().dataSync<'float32'>()]);
    const sameLength = actual.length === expected.length;
    const maxError = Math.max(
      ...expected.map((value, index) => Math.abs(value - (actual[index] ?? Infinity))),
    );
    return { name, ok: sameLength && maxError <= TOLERANCE, maxError };
  } catch {
    return { name, ok: false, maxError: null };
  }
}

function matmul(): tf.Tensor {
  return tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
}

/** 3×3 image, 2×2 kernel, valid: each output is a − d of its window [[a, b], [c, d]]. */
function convolution(): tf.Tensor {
  const image = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  return tf.conv2d(image, tf.tensor4d([1, 0, 0, -1], [2, 2, 1, 1]), 1, 'valid');
}

/** Gradient step on ½·Σ(w·x − y)²: w = [1, −1], x = I, y = [0, 1], rate 0.1 → w − 0.1·(w − y) = [0.9, −0.8]. */
function trainingStep(): tf.Tensor {
  const start = tf.tensor1d([1, -1]);
  const target = tf.tensor1d([0, 1]);
  const { grad } = tf.valueAndGrad((w: tf.Tensor) => tf.mul(tf.sum(tf.square(tf.sub(w, target))), 0.5))(
    start,
  );
  return tf.sub(start, tf.mul(grad, 0.1));
}

/** Runs all checks. `trainable` false (WebAssembly) leaves the training step out. */
export function selfTest(trainable: boolean): SelfTest {
  const checks = [
    check('matmul', [19, 22, 43, 50], matmul),
    check('convolution', [-4, -4, -4, -4], convolution),
  ];
  let stepMs: number | null = null;
  if (trainable) {
    const start = performance.now();
    checks.push(check('training step', [0.9, -0.8], trainingStep));
    stepMs = performance.now() - start;
  }
  return { ok: checks.every((one) => one.ok), checks, stepMs };
}
