/** @file One pre-norm transformer block: the attention half and the MLP half, each one differentiable op. */
import * as tf from '@tensorflow/tfjs-core';

import type { VitConfig } from './config.ts';
import { differentiable, lateVector } from './differentiable.ts';
import {
  attentionGradient,
  attentionProbabilities,
  attentionRowSums,
  attentionScale,
  gelu,
  geluSlope,
  layerNorm,
  layerNormGradient,
  layerNormValue,
  linear,
  linearGradient,
  mergeHeads,
  mergeHeads3,
  separateHeads,
  splitHeads,
} from './layers.ts';

/** What a block's formulas take from a model; the number of tokens follows from the rows of x. */
export interface BlockShape extends Pick<VitConfig, 'width' | 'heads' | 'layerNormEpsilon'> {
  /** For the gradient only the inputs of both halves are kept, the rest is computed again. */
  readonly recompute?: boolean;
}

type Inputs = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/** N of x [B·N, D]. */
function tokensOf(x: tf.Tensor, batch: number): number {
  return (x.shape[0] ?? 0) / batch;
}

/** x + proj(attend(norm1(x))) for x [B·N, D]. Inputs: x, norm1 scale and bias, qkv kernel and bias, proj kernel and bias. */
function attentionFormula(config: BlockShape, batch: number, inputs: readonly tf.Tensor[]) {
  const { heads } = config;
  const [x, normScale, bias, qkv, qkvBias, proj, projBias] = inputs as Inputs;
  const tokens = tokensOf(x, batch);
  const { value: normed, unit, inverse } = layerNorm(x, normScale, bias, config.layerNormEpsilon);
  const parts = splitHeads(linear(normed, qkv, qkvBias), batch, tokens, heads); // 3 × [B, h, N, d]
  const [q, keys, values] = parts as [tf.Tensor, tf.Tensor, tf.Tensor];
  const scale = attentionScale(config.width / heads);
  const probabilities = attentionProbabilities(tf.mul(q, scale), keys); // [B, h, N, N]
  const merged = mergeHeads(tf.matMul(probabilities, values)); // [B·N, D]
  const value = tf.add(x, linear(merged, proj, projBias));
  const saved = { unit, inverse, q, keys, values, merged, normScale, bias, qkv, proj };
  return {
    value,
    saved: () => saved,
    gradient: (dy: tf.Tensor, kept: typeof saved) => {
      const [dMerged, dProj, dProjBias] = linearGradient(dy, kept.merged, kept.proj);
      const rows = attentionRowSums(dMerged, kept.merged, batch, tokens, heads);
      const dMixed = separateHeads(dMerged, batch, tokens, heads);
      // [B, h, N, N] is made again, as in FlashAttention (Dao 2022)
      const queries = tf.mul(kept.q, lateVector(tf.tensor1d([scale]), dy));
      const parts = { ...kept, queries, probabilities: attentionProbabilities(queries, kept.keys) };
      const dParts = mergeHeads3(attentionGradient(dMixed, rows, parts));
      const again = layerNormValue(kept.unit, lateVector(kept.normScale, dy), kept.bias);
      const [dNorm, dQkv, dQkvBias] = linearGradient(dParts, again, kept.qkv);
      const [dx, dScale, dBias] = layerNormGradient(dNorm, kept.unit, kept.inverse, kept.normScale);
      return [tf.add(dy, dx), dScale, dBias, dQkv, dQkvBias, dProj, dProjBias];
    },
  };
}

/** x + fc2(gelu(fc1(norm2(x)))) for x [B·N, D]. Inputs: x, norm2 scale and bias, fc1 kernel and bias, fc2 kernel and bias. */
function mlpFormula(config: BlockShape, inputs: readonly tf.Tensor[]) {
  const [x, scale, bias, fc1, fc1Bias, fc2, fc2Bias] = inputs as Inputs;
  const { value: normed, unit, inverse } = layerNorm(x, scale, bias, config.layerNormEpsilon);
  const hidden = linear(normed, fc1, fc1Bias); // [B·N, 4D]
  const twice = tf.tidy(() => gelu(hidden, Math.SQRT1_2).twice);
  // The factor 2 of `twice` is taken back behind the product, exactly: a halved kernel would be held beside the kernel.
  const value = tf.add(x, tf.mul(linear(twice, fc2, tf.add(fc2Bias, fc2Bias)), 0.5));
  const saved = { unit, inverse, hidden, scale, bias, fc1, fc2 };
  return {
    value,
    saved: () => saved,
    gradient: (dy: tf.Tensor, kept: typeof saved) => {
      // the activation is cheaper to make again than to keep
      const activated = gelu(kept.hidden, lateVector(tf.tensor1d([Math.SQRT1_2]), dy));
      const [dTwice, dFc2] = linearGradient(tf.mul(dy, 0.5), activated.twice, kept.fc2);
      const dHidden = tf.mul(dTwice, geluSlope(activated));
      const again = layerNormValue(kept.unit, lateVector(kept.scale, dy), kept.bias);
      const [dNorm, dFc1, dFc1Bias] = linearGradient(dHidden, again, kept.fc1);
      const [dx, dScale, dBias] = layerNormGradient(dNorm, kept.unit, kept.inverse, kept.scale);
      return [tf.add(dy, dx), dScale, dBias, dFc1, dFc1Bias, dFc2, tf.sum(dy, 0)];
    },
  };
}

/** Looks up a parameter of the block by its name inside the block, e.g. `qkv.kernel`. */
export type BlockParameter = (name: string) => tf.Tensor;

/** The attention half. x [B·N, D] → [B·N, D]. */
export function attentionHalf(
  x: tf.Tensor,
  parameter: BlockParameter,
  config: BlockShape,
  batch: number,
): tf.Tensor {
  const names = ['norm1.scale', 'norm1.bias', 'qkv.kernel', 'qkv.bias', 'proj.kernel', 'proj.bias'];
  return differentiable(
    [x, ...names.map(parameter)],
    (...inputs) => attentionFormula(config, batch, inputs),
    config.recompute,
  );
}

/** The MLP half. x [B·N, D] → [B·N, D]. */
export function mlpHalf(x: tf.Tensor, parameter: BlockParameter, config: BlockShape): tf.Tensor {
  const names = ['norm2.scale', 'norm2.bias', 'fc1.kernel', 'fc1.bias', 'fc2.kernel', 'fc2.bias'];
  return differentiable(
    [x, ...names.map(parameter)],
    (...inputs) => mlpFormula(config, inputs),
    config.recompute,
  );
}

/** `depth` blocks one after another. x [B·N, D], which is disposed, → [B·N, D]. */
export function blockStack(
  x: tf.Tensor,
  parameterOf: (block: number) => BlockParameter,
  config: BlockShape,
  depth: number,
  batch: number,
): tf.Tensor {
  let value = x;
  for (let block = 0; block < depth; block += 1) {
    const parameter = parameterOf(block);
    const middle = attentionHalf(value, parameter, config, batch);
    value.dispose();
    value = mlpHalf(middle, parameter, config);
    middle.dispose();
  }
  return value;
}

/**
 * The attention half op by op, so that its probabilities can be looked at. `probe` [B, h, N, N] of zeros is added to
 * them: the gradient of the probe is the gradient of the attention (Chefer 2021).
 */
export function attentionHalfOpen(
  x: tf.Tensor,
  parameter: BlockParameter,
  config: BlockShape,
  batch: number,
  probe: tf.Tensor | undefined,
): { readonly value: tf.Tensor; readonly probabilities: tf.Tensor } {
  const { heads, layerNormEpsilon } = config;
  const norm = layerNorm(x, parameter('norm1.scale'), parameter('norm1.bias'), layerNormEpsilon);
  const projected = linear(norm.value, parameter('qkv.kernel'), parameter('qkv.bias'));
  const [q, k, v] = splitHeads(projected, batch, tokensOf(x, batch), heads) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const probabilities = attentionProbabilities(tf.mul(q, attentionScale(config.width / heads)), k);
  const used = probe === undefined ? probabilities : tf.add(probabilities, probe);
  const merged = mergeHeads(tf.matMul(used, v));
  const value = tf.add(x, linear(merged, parameter('proj.kernel'), parameter('proj.bias')));
  return { value, probabilities };
}
