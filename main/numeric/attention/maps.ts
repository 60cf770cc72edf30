/**
 * @file Attention maps of a batch of films on the patch grid, as ops on tensors: class-token attention of the last block,
 * rollout, and gradient-weighted relevance. Values are raw; `normaliseMap` is for showing. P = G² patches, N = P + 1 tokens.
 */
import * as tf from '@tensorflow/tfjs-core';

import { tokenCount, type VitConfig } from '../vit/config.ts';
import { forward, type Normalisation } from '../vit/forward.ts';
import type { NamedParameters } from '../vit/parameters.ts';

/** Attention of the class token to the patches in one block [B, h, N, N] → [B, h, P]. */
export function classAttention(attention: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, tokens] = attention.shape;
  const row = tf.slice(attention, [0, 0, 0, 1], [batch, heads, 1, tokens - 1]);
  return tf.reshape(row, [batch, heads, tokens - 1]);
}

/** The class token's row of I, for B films: [B, 1, N]. */
function classRow(batch: number, tokens: number): tf.Tensor {
  return tf.concat([tf.fill([batch, 1, 1], 1), tf.fill([batch, 1, tokens - 1], 0)], 2);
}

/** A class token's row [B, 1, N] without the token itself: [B, P]. */
function patchesOf(row: tf.Tensor): tf.Tensor2D {
  const [batch = 0, , tokens = 0] = row.shape;
  return tf.reshape(tf.slice(row, [0, 0, 1], [batch, 1, tokens - 1]), [batch, tokens - 1]);
}

/**
 * Attention rollout (Abnar & Zuidema 2020) from the attention of all blocks, first to last, [B, h, N, N] each: product over
 * blocks of ½A + ½I with rows scaled to 1, A the mean over heads; the class token's row, [B, P]. Only that row is carried, from
 * the last block back to the first.
 */
export function attentionRollout(blocks: readonly tf.Tensor4D[]): tf.Tensor2D {
  const [first] = blocks;
  if (first === undefined) throw new Error('the forward pass did not capture attention');
  const [batch, , tokens] = first.shape;
  const itself = tf.eye(tokens);
  const row = blocks.toReversed().reduce(
    (carried, block) => {
      const mixed = tf.mul(tf.add(tf.mean(block, 1), itself), 0.5);
      return tf.matMul(carried, tf.div(mixed, tf.sum(mixed, -1, true)));
    },
    classRow(batch, tokens),
  );
  return patchesOf(row);
}

/**
 * Gradient-weighted relevance of the patches (Chefer, Gur & Wolf 2021, self-attention rule) for what `target` [K + U] makes of
 * the logits of both tasks, a sum with these weights: R ← R + mean_h max(∇A ∘ A, 0) · R over the blocks; the class token's
 * row, [B, P]. `images` is [B, S, S, 1], 0..1. Needs gradients: native TensorFlow.
 */
export function attentionRelevance(
  parameters: NamedParameters,
  images: tf.Tensor4D,
  config: VitConfig,
  normalisation: Normalisation,
  target: tf.Tensor1D,
): tf.Tensor2D {
  const batch = images.shape[0];
  const tokens = tokenCount(config);
  const probes = Array.from({ length: config.depth }, () =>
    tf.fill<tf.Rank.R4>([batch, config.heads, tokens, tokens], 0),
  );
  const kept: tf.Tensor[] = [];
  // Films do not touch each other: the gradient of the sum over films is each film's own.
  const { grads, value } = tf.valueAndGrads((...given: tf.Tensor[]) => {
    const capture = { attention: true, probes: given as tf.Tensor4D[] };
    const { t1, t2, attention } = forward(parameters, images, config, normalisation, capture);
    for (const block of attention) kept.push(tf.keep(tf.clone(block)));
    return tf.sum<tf.Scalar>(tf.mul(tf.concat([t1, t2], 1), target));
  })(probes);
  const weighted = grads.map((gradient, block) =>
    tf.mean(tf.relu(tf.mul(gradient, kept[block] as tf.Tensor)), 1),
  );
  // Row 0 of (I + W_L)…(I + W_1): carried from the last block back to the first.
  const row = weighted
    .toReversed()
    .reduce((carried, block) => tf.add(carried, tf.matMul(carried, block)), classRow(batch, tokens));
  tf.dispose([value, ...kept]);
  return patchesOf(row);
}
