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

/** Every token scaled to mean 0, variance 1 over its channels (ε 1e-6). */
export function normaliseTokens(features: tf.Tensor): tf.Tensor {
  const centred = tf.sub(features, tf.mean(features, -1, true));
  return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-6)));
}
