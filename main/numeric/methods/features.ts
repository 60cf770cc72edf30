/** @file Features that methods compare: which tokens, mean of blocks, per-token normalisation. */
import * as tf from '@tensorflow/tfjs-core';

import type { LossSettings } from '../../../shared/domain/recipe.ts';
import type { FeatureKind } from './needs.ts';

/** Cuts the token axis (second to last) of `[…, N, D]`. */
export function selectTokens(features: tf.Tensor, tokens: LossSettings['tokens']): tf.Tensor {
  if (tokens === 'all') return features;
  const axis = features.rank - 2;
  const begin = features.shape.map((_, i) => (i === axis && tokens === 'patches' ? 1 : 0));
  const size = features.shape.map((length, i) => {
    if (i !== axis) return length;
    return tokens === 'cls' ? 1 : length - 1;
  });
  return tf.slice(features, begin, size);
}

/** (1/L) Σ H_i (Eq. 1 of the paper): [B, N, D]. */
export function meanOfBlocks(blocks: readonly tf.Tensor3D[]): tf.Tensor {
  const [first, ...rest] = blocks;
  if (first === undefined) throw new Error('no block outputs were captured');
  const sum = rest.reduce<tf.Tensor>((total, block) => tf.add(total, block), first);
  return tf.div(sum, blocks.length);
}

/** H_L: [B, N, D]. */
export function lastBlockOf(blocks: readonly tf.Tensor3D[]): tf.Tensor {
  const last = blocks.at(-1);
  if (last === undefined) throw new Error('no block outputs were captured');
  return last;
}

/** All H_i: [B, L, N, D]. */
export function stackBlocks(blocks: readonly tf.Tensor3D[]): tf.Tensor {
  return tf.stack([...blocks], 1);
}

/** The knowledge of `kind` from the blocks of a teacher or a student; null for none. */
export function featureOf(kind: FeatureKind, blocks: readonly tf.Tensor3D[]): tf.Tensor | null {
  switch (kind) {
    case 'none':
      return null;
    case 'mean':
      return meanOfBlocks(blocks);
    case 'last':
      return lastBlockOf(blocks);
    case 'blocks':
      return stackBlocks(blocks);
  }
}

/**
 * The patch tokens of `[…, 1 + G², D]` averaged over squares to a coarser grid of `tokens` − 1, the class token as it is:
 * what a teacher's features are compared as when the student has fewer tokens. @throws RangeError where squares do not fit
 */
export function poolTokens(features: tf.Tensor, tokens: number): tf.Tensor {
  const [from = 0, width = 0] = features.shape.slice(-2);
  if (from === tokens) return features;
  const grid = Math.sqrt(from - 1);
  const coarse = Math.sqrt(tokens - 1);
  const square = grid / coarse;
  if (!Number.isInteger(grid) || !Number.isInteger(coarse) || !Number.isInteger(square)) {
    throw new RangeError(`${from} tokens cannot be averaged to ${tokens}.`);
  }
  const lead = features.shape.slice(0, -2);
  const maps = lead.reduce((product, length) => product * length, 1);
  const flat = tf.reshape(features, [maps, from, width]);
  const cls = tf.slice(flat, [0, 0, 0], [maps, 1, width]);
  const patches = tf.slice(flat, [0, 1, 0], [maps, from - 1, width]);
  const cells = tf.reshape(patches, [maps * coarse, square, coarse, square * width]);
  const rows = tf.reshape(tf.mean(cells, 1), [maps * coarse, coarse, square, width]); // squares' rows averaged
  const pooled = tf.reshape(tf.mean(rows, 2), [maps, tokens - 1, width]);
  return tf.reshape(tf.concat([cls, pooled], 1), [...lead, tokens, width]);
}

/** Every token scaled to mean 0, variance 1 over its channels (ε 1e-6). */
export function normaliseTokens(features: tf.Tensor): tf.Tensor {
  const centred = tf.sub(features, tf.mean(features, -1, true));
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-6)));
}
