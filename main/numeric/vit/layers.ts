/**
 * @file Layers as pairs of a forward and a backward formula: linear, layer norm, GELU, attention. `block.ts` composes
 * them into two differentiable ops a block.
 */
import * as tf from '@tensorflow/tfjs-core';

/** x · W + b for x [R, I], W [I, O], b [O] → [R, O]. */
export function linear(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return tf.add(tf.matMul(x, kernel), bias);
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
  const centred = tf.sub(x, tf.mean(x, -1, true)); // [R, D]
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [R, 1]
  const unit = tf.mul(centred, inverse); // [R, D]
  return { value: tf.add(tf.mul(unit, scale), bias), unit, inverse };
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

const INV_SQRT_2 = Math.SQRT1_2;
const INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

/** Φ(x) of the standard normal, by erf (not the tanh approximation); any shape. GELU(x) = x · Φ(x) (Hendrycks 2016). */
export function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, INV_SQRT_2)), 1), 0.5);
}

/** Gradient of x · Φ(x): dy · (Φ(x) + x · φ(x)). */
export function geluGradient(dy: tf.Tensor, x: tf.Tensor, cdf: tf.Tensor): tf.Tensor {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), INV_SQRT_2PI);
  return tf.mul(dy, tf.add(cdf, tf.mul(x, density)));
}

/** q, k, v [B, h, N, d] from the fused projection [B·N, 3D]. */
export function splitHeads(qkv: tf.Tensor, batch: number, tokens: number, heads: number): tf.Tensor[] {
  const width = (qkv.shape[1] ?? 0) / 3;
  const parts = tf.reshape(qkv, [batch, tokens, 3, heads, width / heads]);
  return tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]));
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
  return tf.softmax(tf.matMul(scaledQueries, keys, false, true));
}

/**
 * Gradients [dq, dk, dv] of `mixed = P · v` with P = softmax((q/√d) · kᵀ), for `scaledQueries` = q/√d.
 * The softmax's row sum Σ dP∘P equals Σ dy∘mixed, which is N/d times smaller (Dao 2022).
 */
export function attentionGradient(
  dy: tf.Tensor,
  scaledQueries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  probabilities: tf.Tensor,
  mixed: tf.Tensor,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const rows = tf.sum(tf.mul(dy, mixed), -1, true); // [B, h, N, 1]
  const dp = tf.matMul(dy, values, false, true); // [B, h, N, N]
  const ds = tf.mul(probabilities, tf.sub(dp, rows)); // [B, h, N, N]
  const scale = attentionScale(keys.shape.at(-1) ?? 1);
  return [
    tf.mul(tf.matMul(ds, keys), scale),
    tf.matMul(ds, scaledQueries, true, false),
    tf.matMul(probabilities, dy, true, false),
  ];
}
