/** @file One pre-norm transformer block: the attention half and the MLP half, each one differentiable op. */
import * as tf from '@tensorflow/tfjs-core';

import { tokenCount, type VitConfig } from './config.ts';
import { at, differentiable, type Formula } from './differentiable.ts';
import {
  attentionGradient,
  attentionProbabilities,
  attentionScale,
  geluGradient,
  layerNorm,
  layerNormGradient,
  linear,
  linearGradient,
  mergeHeads,
  mergeHeads3,
  normalCdf,
  separateHeads,
  splitHeads,
} from './layers.ts';

/** x + proj(attend(norm1(x))) for x [B·N, D]. Inputs: x, norm1 scale and bias, qkv kernel and bias, proj kernel and bias. */
function attentionFormula(config: VitConfig, batch: number, inputs: readonly tf.Tensor[]): Formula {
  const tokens = tokenCount(config);
  const { heads } = config;
  const x = at(inputs, 0);
  const norm = layerNorm(x, at(inputs, 1), at(inputs, 2), config.layerNormEpsilon);
  const projected = linear(norm.value, at(inputs, 3), at(inputs, 4)); // [B·N, 3D]
  const [q, k, v] = splitHeads(projected, batch, tokens, heads) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const scaled = tf.mul(q, attentionScale(config.width / heads));
  const probabilities = attentionProbabilities(scaled, k); // [B, h, N, N]
  const mixed = tf.matMul(probabilities, v); // [B, h, N, d]
  const merged = mergeHeads(mixed); // [B·N, D]
  const value = tf.add(x, linear(merged, at(inputs, 5), at(inputs, 6)));
  return {
    value,
    saved: [
      norm.value,
      norm.unit,
      norm.inverse,
      scaled,
      k,
      v,
      probabilities,
      mixed,
      merged,
      at(inputs, 1),
      at(inputs, 3),
      at(inputs, 5),
    ],
    gradient: (dy, saved) => {
      const [dMerged, dProj, dProjBias] = linearGradient(dy, at(saved, 8), at(saved, 11));
      const dMixed = separateHeads(dMerged, batch, tokens, heads);
      const dHeads = attentionGradient(
        dMixed,
        at(saved, 3),
        at(saved, 4),
        at(saved, 5),
        at(saved, 6),
        at(saved, 7),
      );
      const [dNorm, dQkv, dQkvBias] = linearGradient(mergeHeads3(dHeads), at(saved, 0), at(saved, 10));
      const [dx, dScale, dBias] = layerNormGradient(dNorm, at(saved, 1), at(saved, 2), at(saved, 9));
      return [tf.add(dy, dx), dScale, dBias, dQkv, dQkvBias, dProj, dProjBias];
    },
  };
}

/** x + fc2(gelu(fc1(norm2(x)))) for x [B·N, D]. Inputs: x, norm2 scale and bias, fc1 kernel and bias, fc2 kernel and bias. */
function mlpFormula(config: VitConfig, inputs: readonly tf.Tensor[]): Formula {
  const x = at(inputs, 0);
  const norm = layerNorm(x, at(inputs, 1), at(inputs, 2), config.layerNormEpsilon);
  const hidden = linear(norm.value, at(inputs, 3), at(inputs, 4)); // [B·N, 4D]
  const cdf = normalCdf(hidden);
  const activated = tf.mul(hidden, cdf);
  const value = tf.add(x, linear(activated, at(inputs, 5), at(inputs, 6)));
  return {
    value,
    saved: [
      norm.value,
      norm.unit,
      norm.inverse,
      hidden,
      cdf,
      activated,
      at(inputs, 1),
      at(inputs, 3),
      at(inputs, 5),
    ],
    gradient: (dy, saved) => {
      const [dActivated, dFc2, dFc2Bias] = linearGradient(dy, at(saved, 5), at(saved, 8));
      const dHidden = geluGradient(dActivated, at(saved, 3), at(saved, 4));
      const [dNorm, dFc1, dFc1Bias] = linearGradient(dHidden, at(saved, 0), at(saved, 7));
      const [dx, dScale, dBias] = layerNormGradient(dNorm, at(saved, 1), at(saved, 2), at(saved, 6));
      return [tf.add(dy, dx), dScale, dBias, dFc1, dFc1Bias, dFc2, dFc2Bias];
    },
  };
}

/** Looks up a parameter of the block by its name inside the block, e.g. `qkv.kernel`. */
export type BlockParameter = (name: string) => tf.Tensor;

/** The attention half. x [B·N, D] → [B·N, D]. */
export function attentionHalf(
  x: tf.Tensor,
  parameter: BlockParameter,
  config: VitConfig,
  batch: number,
): tf.Tensor {
  const names = ['norm1.scale', 'norm1.bias', 'qkv.kernel', 'qkv.bias', 'proj.kernel', 'proj.bias'];
  return differentiable([x, ...names.map(parameter)], (...inputs) => attentionFormula(config, batch, inputs));
}

/** The MLP half. x [B·N, D] → [B·N, D]. */
export function mlpHalf(x: tf.Tensor, parameter: BlockParameter, config: VitConfig): tf.Tensor {
  const names = ['norm2.scale', 'norm2.bias', 'fc1.kernel', 'fc1.bias', 'fc2.kernel', 'fc2.bias'];
  return differentiable([x, ...names.map(parameter)], (...inputs) => mlpFormula(config, inputs));
}

/**
 * The attention half op by op, so that its probabilities can be looked at. `probe` [B, h, N, N] of zeros is added to
 * them: the gradient of the probe is the gradient of the attention (Chefer 2021).
 */
export function attentionHalfOpen(
  x: tf.Tensor,
  parameter: BlockParameter,
  config: VitConfig,
  batch: number,
  probe: tf.Tensor | undefined,
): { readonly value: tf.Tensor; readonly probabilities: tf.Tensor } {
  const { heads, layerNormEpsilon } = config;
  const norm = layerNorm(x, parameter('norm1.scale'), parameter('norm1.bias'), layerNormEpsilon);
  const projected = linear(norm.value, parameter('qkv.kernel'), parameter('qkv.bias'));
  const [q, k, v] = splitHeads(projected, batch, tokenCount(config), heads) as [
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
