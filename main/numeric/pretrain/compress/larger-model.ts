/** @file The larger model taken apart: a block's halves with what goes on inside, on rows [films · N, D]. */
import * as tf from '@tensorflow/tfjs-core';

import type { VitConfig } from '../../vit/config.ts';
import {
  attentionProbabilities,
  attentionScale,
  gelu,
  layerNorm,
  linear,
  mergeHeads,
  splitHeads,
} from '../../vit/layers.ts';
import { lookup, type NamedParameters } from '../../vit/parameters.ts';

/** Attention of fused queries, keys and values [films · N, 3D] → the heads side by side [films · N, D]. */
export function attend(qkv: tf.Tensor, films: number, heads: number): tf.Tensor {
  const [rows = 0, columns = 0] = qkv.shape;
  const [q, k, v] = splitHeads(qkv, films, rows / films, heads) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const queries = tf.mul(q, attentionScale(columns / 3 / heads));
  return mergeHeads(tf.matMul(attentionProbabilities(queries, k), v));
}

/** GELU itself: `gelu` gives twice of it. */
export const activated = (x: tf.Tensor): tf.Tensor => tf.mul(gelu(x, Math.SQRT1_2).twice, 0.5);

export interface LargerModel {
  readonly config: VitConfig;
  readonly parameters: NamedParameters;
}

function normed({ config, parameters }: LargerModel, x: tf.Tensor, name: string): tf.Tensor {
  const [scale, bias] = [lookup(parameters, `${name}.scale`), lookup(parameters, `${name}.bias`)];
  return layerNorm(x, scale, bias, config.layerNormEpsilon).value;
}

function projected({ parameters }: LargerModel, x: tf.Tensor, name: string): tf.Tensor {
  return linear(x, lookup(parameters, `${name}.kernel`), lookup(parameters, `${name}.bias`));
}

/** The attention half of a block: its queries, keys and values, the heads' outputs, the residual stream after it. */
export function attentionInside(model: LargerModel, block: number, x: tf.Tensor, films: number) {
  const at = `blocks.${block}`;
  const qkv = projected(model, normed(model, x, `${at}.norm1`), `${at}.qkv`);
  const merged = attend(qkv, films, model.config.heads);
  return { qkv, merged, after: tf.add(x, projected(model, merged, `${at}.proj`)) };
}

/** The MLP half of a block: its hidden units before and after GELU, the residual stream after it. */
export function mlpInside(model: LargerModel, block: number, x: tf.Tensor) {
  const at = `blocks.${block}`;
  const before = projected(model, normed(model, x, `${at}.norm2`), `${at}.fc1`);
  const active = activated(before);
  return { before, active, after: tf.add(x, projected(model, active, `${at}.fc2`)) };
}
