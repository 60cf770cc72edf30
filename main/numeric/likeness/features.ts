/**
 * @file What of a model's block outputs tells whether a film is like those that it learned from: the patches behind its middle block,
 * averaged over nine fields of the film, so that what stands where counts. Chosen by measurement: docs/results/suitability.md.
 */
import * as tf from '@tensorflow/tfjs-core';

import { LIKENESS_FIELDS } from './fields.ts';

/** First and last patch row of each field: the middle one is the widest, where heart and hila are. */
function fieldBounds(grid: number): readonly (readonly [from: number, to: number])[] {
  const edge = Math.max(1, Math.round((grid * 2) / 7));
  return [
    [0, edge],
    [edge, grid - edge],
    [grid - edge, grid],
  ];
}

/** The block that the features are taken behind, 0 … depth − 1. */
export const likenessBlock = (depth: number): number => Math.ceil(depth / 2) - 1;

/** Features of a batch, [B, 9·D], from the output [B, 1 + G², D] of block `likenessBlock`. Call inside `tf.tidy`. */
export function likenessFeatures(middle: tf.Tensor3D): tf.Tensor2D {
  const [batch, tokens, width] = middle.shape;
  const grid = Math.sqrt(tokens - 1);
  const patches = tf.reshape(tf.slice(middle, [0, 1, 0], [batch, tokens - 1, width]), [
    batch,
    grid,
    grid,
    width,
  ]);
  const bounds = fieldBounds(grid);
  const fields = bounds.flatMap(([top, bottom]) =>
    bounds.map(([left, right]) =>
      tf.mean(tf.slice(patches, [0, top, left, 0], [batch, bottom - top, right - left, width]), [1, 2]),
    ),
  );
  return tf.reshape(tf.concat(fields, 1), [batch, LIKENESS_FIELDS * width]);
}
