/**
 * @file Layers as pairs of a forward and a backward formula: linear, layer norm, GELU, attention. `block.ts` composes
 * them into two differentiable ops a block. What a formula of several values needs on the way is freed before the next one begins.
 */
import * as tf from '@tensorflow/tfjs-core';

/** `x` repeated along its axes of length 1 to `shape`. By broadcasting: the gradient of `tf.tile` takes an op for every copy. */
export function repeated(x: tf.Tensor, shape: number[]): tf.Tensor {
  return tf.add(tf.zeros(shape), x);
}

/** x · W + b for x [R, I], W [I, O], b [O] → [R, O]. */
export function linear(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.add(tf.matMul(x, kernel), bias));
}

/** Gradients [dx, dW, db] of `linear`. */
export function linearGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  kernel: tf.Tensor,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  return [tf.matMul(dy, kernel, false, true), tf.matMul(x, dy, true, false), tf.sum(dy, 0)];
}

export interface LayerNormResult {
  /** x̂ · scale + bias, [R, D]. */
  readonly value: tf.Tensor;
  /** x̂ = (x − μ)/√(σ² + ε), [R, D]. */
  readonly unit: tf.Tensor;
  /** 1/√(σ² + ε), [R, 1]. */
  readonly inverse: tf.Tensor;
}

/** Layer normalisation over the last axis of x [R, D] (Ba 2016). */
export function layerNorm(x: tf.Tensor, scale: tf.Tensor, bias: tf.Tensor, epsilon: number): LayerNormResult {
  const { unit, inverse } = tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true)); // [R, D]
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [R, 1]
    return { unit: tf.mul(centred, inverse), inverse };
  });
  return { value: layerNormValue(unit, scale, bias), unit, inverse };
}

/** The value of `layerNorm` once more from x̂: cheaper to make again than to keep. */
export function layerNormValue(unit: tf.Tensor, scale: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(unit, scale), bias));
}

/** Gradients [dx, dscale, dbias] of `layerNorm`. */
export function layerNormGradient(
  dy: tf.Tensor,
  unit: tf.Tensor,
  inverse: tf.Tensor,
  scale: tf.Tensor,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const dyUnit = tf.mul(dy, unit); // [R, D]
  const scaled = tf.mul(dy, scale); // [R, D]
  const projection = tf.mean(tf.mul(dyUnit, scale), -1, true); // [R, 1]
  const inner = tf.add(tf.mul(unit, projection), tf.mean(scaled, -1, true)); // [R, D]
  return [tf.mul(tf.sub(scaled, inner), inverse), tf.sum(dyUnit, 0), tf.sum(dy, 0)];
}

/** GELU(x) = x · Φ(x), by erf, not the tanh approximation (Hendrycks 2016), with what its slope needs. */
export interface Gelu {
  /** 2 · GELU(x): the half is left to the product with the kernel that comes next, which is smaller. */
  readonly twice: tf.Tensor;
  /** x/√2. */
  readonly scaled: tf.Tensor;
  /** 2Φ(x) = 1 + erf(x/√2). */
  readonly twiceCdf: tf.Tensor;
}

/** Any shape. `half` is √½: a number, or a tensor [1] of it that is known later. */
export function gelu(x: tf.Tensor, half: number | tf.Tensor): Gelu {
  const scaled = tf.mul(x, half);
  const twiceCdf = tf.add(tf.erf(scaled), 1);
  return { twice: tf.mul(x, twiceCdf), scaled, twiceCdf };
}

/** Slope of 2 · GELU: 2Φ(x) + 2x·φ(x) = 2Φ(x) + 2/√π · s·exp(−s²) with s = x/√2. */
export function geluSlope({ scaled, twiceCdf }: Gelu): tf.Tensor {
  const density = tf.mul(scaled, tf.exp(tf.neg(tf.square(scaled))));
  return tf.add(twiceCdf, tf.mul(density, 2 / Math.sqrt(Math.PI)));
}

/** q, k, v [B, h, N, d] from the fused projection [B·N, 3D]. */
export function splitHeads(qkv: tf.Tensor, batch: number, tokens: number, heads: number): tf.Tensor[] {
  const width = (qkv.shape[1] ?? 0) / 3;
  return tf.tidy(() => {
    const parts = tf.reshape(qkv, [batch, tokens, 3, heads, width / heads]);
    return tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]));
  });
}

/** Inverse of `splitHeads` for gradients: [B·N, 3D]. */
export function mergeHeads3(parts: readonly tf.Tensor[]): tf.Tensor {
  const stacked = tf.stack([...parts]); // [3, B, h, N, d]
  const [, batch = 0, heads = 0, tokens = 0, size = 0] = stacked.shape;
  return tf.reshape(tf.transpose(stacked, [1, 3, 0, 2, 4]), [batch * tokens, 3 * heads * size]);
}

/** [B, h, N, d] → [B·N, D]. */
export function mergeHeads(x: tf.Tensor): tf.Tensor {
  const [batch = 0, heads = 0, tokens = 0, size = 0] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * tokens, heads * size]);
}

/** [B·N, D] → [B, h, N, d]. */
export function separateHeads(x: tf.Tensor, batch: number, tokens: number, heads: number): tf.Tensor {
  const parts = tf.reshape(x, [batch, tokens, heads, (x.shape[1] ?? 0) / heads]);
  return tf.transpose(parts, [0, 2, 1, 3]);
}

/** 1/√d of scaled dot-product attention (Vaswani 2017). */
export function attentionScale(size: number): number {
  return 1 / Math.sqrt(size);
}

/** softmax(q · kᵀ) [B, h, N, N] for queries that are already scaled by 1/√d. */
export function attentionProbabilities(scaledQueries: tf.Tensor, keys: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.softmax(tf.matMul(scaledQueries, keys, false, true)));
}

/**
 * Row sums Σ dP∘P of the softmax's gradient, [B, h, N, 1]. They equal Σ dy∘mixed, which is N/d times smaller (Dao 2022),
 * and need it only with its heads merged: both are [B·N, D].
 */
export function attentionRowSums(
  dMerged: tf.Tensor,
  merged: tf.Tensor,
  batch: number,
  tokens: number,
  heads: number,
): tf.Tensor {
  const size = (merged.shape[1] ?? 0) / heads;
  const sums = tf.sum(tf.reshape(tf.mul(dMerged, merged), [batch, tokens, heads, size]), -1); // [B, N, h]
  return tf.reshape(tf.transpose(sums, [0, 2, 1]), [batch, heads, tokens, 1]);
}

/** What the gradient of attention needs of the forward pass. */
export interface AttentionParts {
  /** q/√d [B, h, N, d]. */
  readonly queries: tf.Tensor;
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
  /** [B, h, N, N]. */
  readonly probabilities: tf.Tensor;
}

/** Gradients [dq, dk, dv] of P · v with P = softmax((q/√d) · kᵀ), from its dy and the sums of `attentionRowSums`. */
export function attentionGradient(
  dy: tf.Tensor,
  rows: tf.Tensor,
  { queries, keys, values, probabilities }: AttentionParts,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const dp = tf.matMul(dy, values, false, true); // [B, h, N, N]
  const ds = tf.mul(probabilities, tf.sub(dp, rows)); // [B, h, N, N]
  const scale = attentionScale(keys.shape.at(-1) ?? 1);
  return [
    tf.mul(tf.matMul(ds, keys), scale),
    tf.matMul(ds, queries, true, false),
    tf.matMul(probabilities, dy, true, false),
  ];
}
