/** @file AdamW (Loshchilov & Hutter 2019) with PyTorch's formulas, gradient clipping and the moving average of weights. */
import * as tf from '@tensorflow/tfjs-core';

export interface AdamWSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const ADAMW_DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface AverageSettings {
  /** Decay of the moving average of the weights; null = none. */
  readonly emaDecay: number | null;
  /** The decay rises to `emaDecay`. */
  readonly emaWarmup: boolean;
}

/**
 * Decay of the moving average at the update behind `updates` others. With warm-up min(decay, (1 + t) / (10 + t)) as TensorFlow's
 * `train.ExponentialMovingAverage(decay, num_updates)`: the average then follows the newest tenth of the updates, and what is
 * left of the start weights after t of them is 9! / ((t + 1) … (t + 9)).
 */
export function averageDecay({ emaDecay, emaWarmup }: AverageSettings, updates: number): number {
  if (emaDecay === null) return 1;
  return emaWarmup ? Math.min(emaDecay, (1 + updates) / (10 + updates)) : emaDecay;
}

/**
 * Everything of an update that changes from step to step, as one vector, so that the ops themselves stay the same:
 * [lr/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ), lr · weight decay, 1 − decay of the moving average]. @param step t, from 1
 */
export function stepRates(
  settings: Omit<AdamWSettings, 'epsilon'> & AverageSettings,
  step: number,
): Float32Array {
  const { learningRate, weightDecay, beta1, beta2 } = settings;
  return Float32Array.of(
    learningRate / (1 - beta1 ** step),
    1 / Math.sqrt(1 - beta2 ** step),
    learningRate * weightDecay,
    1 - averageDecay(settings, step - 1),
  );
}

/** `stepRates` as scalars. */
export function unstackRates(rates: tf.Tensor1D): [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor] {
  return tf.unstack(rates) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
}

/** Euclidean norm over all gradients. */
export function gradientNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  return tf.sqrt(tf.sum(tf.stack(squares)));
}

/** As in `torch.nn.utils.clip_grad_norm_`. */
export const CLIP_EPSILON = 1e-6;

/** Factor that brings the norm to at most `limit`, as `torch.nn.utils.clip_grad_norm_`. */
export function clipFactor(norm: tf.Scalar, limit: number): tf.Scalar {
  return tf.minimum(tf.div(limit, tf.add(norm, CLIP_EPSILON)), 1);
}

export interface Moments {
  readonly parameters: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
}

export interface UpdateScalars {
  /** The first two of `stepRates` as scalars. */
  readonly stepSize: tf.Tensor;
  readonly correction: tf.Tensor;
}

/** 1 − lr·wd where the mask is 1, else 1: what weights are multiplied by. */
export function decayFactors(decayMask: tf.Tensor, decay: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sub(1, tf.mul(decayMask, decay)));
}

/**
 * One update of one group. `factors` are its `decayFactors`; null = no decay.
 * θ ← factors·θ; m, v ← moments; θ ← θ − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
 */
export function adamwUpdate(
  state: Moments,
  gradient: tf.Tensor,
  factors: tf.Tensor | null,
  scalars: UpdateScalars,
  settings: Pick<AdamWSettings, 'beta1' | 'beta2' | 'epsilon'>,
): Moments {
  const { beta1, beta2, epsilon } = settings;
  return tf.tidy(() => {
    const m = tf.add(tf.mul(state.m, beta1), tf.mul(gradient, 1 - beta1));
    const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const denominator = tf.add(tf.mul(tf.sqrt(v), scalars.correction), epsilon);
    const decayed = factors === null ? state.parameters : tf.mul(state.parameters, factors);
    const parameters = tf.sub(decayed, tf.mul(tf.div(m, denominator), scalars.stepSize));
    return { parameters, m, v };
  });
}

/** θ̄ ← θ̄ − share · (θ̄ − θ). `share` is the last of `stepRates` as a scalar. */
export function movingAverage(average: tf.Tensor, parameters: tf.Tensor, share: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sub(average, tf.mul(tf.sub(average, parameters), share)));
}
