/**
 * @file The subspace of a larger model's residual stream in which chest films differ, found over all its blocks. A smaller
 * model can carry it, because layer norm of d channels whose mean is zero is a division by their length.
 */
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { addTo } from './moments.ts';
import type { Stream } from './stream.ts';

/**
 * Weight of what every film shares, beside what tells films apart. Of a token's length nearly all is shared and tells nothing; a little
 * must be kept, since layer norm divides by it.
 */
const SHARED = 0.05;

/** Spread of one place of the residual stream over films: its rows centred over channels and brought to length 1. */
export class Spread {
  readonly #tokens: number;
  readonly #width: number;
  readonly #sums: Float64Array;
  readonly #products: Float64Array;
  #films = 0;

  constructor({ tokens, width }: Pick<Stream, 'tokens' | 'width'>) {
    this.#tokens = tokens;
    this.#width = width;
    this.#sums = new Float64Array(tokens * width);
    this.#products = new Float64Array(width * width);
  }

  /** Call inside `tf.tidy`. Rows [films · N, D]; `roots` [films · N, 1] are the square roots of the tokens' weights. */
  add(rows: tf.Tensor, roots: tf.Tensor): void {
    const films = (rows.shape[0] ?? 0) / this.#tokens;
    const centred = tf.sub(rows, tf.mean(rows, 1, true));
    const unit = tf.mul(tf.div(centred, tf.norm(centred, 2, 1, true)), roots);
    addTo(this.#sums, tf.sum(tf.reshape(unit, [films, this.#tokens, this.#width]), 0));
    addTo(this.#products, tf.matMul(unit, unit, true, false));
    this.#films += films;
  }

  /** [D, D]: what tells films apart with trace 1, and `SHARED` times what they share with trace 1. */
  matrix(): Matrix {
    const sums = Matrix.from1DArray(this.#tokens, this.#width, this.#sums);
    const shared = sums.transpose().mmul(sums).div(this.#films);
    const apart = Matrix.from1DArray(this.#width, this.#width, this.#products).sub(shared);
    return withTrace(apart, 1).add(withTrace(shared, SHARED));
  }
}

function withTrace(matrix: Matrix, trace: number): Matrix {
  const own = matrix.trace();
  return own > 0 ? matrix.mul(trace / own) : matrix;
}

/**
 * From centred channels [D] to the `width` channels of the smaller model: the `width` − 1 strongest directions of `spread`, turned
 * so that the channels' mean is zero and each takes part of every direction. [D, width], its columns' sums are zero.
 */
export function toSmaller(spread: Matrix, width: number): Float32Array {
  const from = spread.rows;
  const { eigenvectorMatrix } = new EigenvalueDecomposition(spread, { assumeSymmetric: true });
  // Ascending eigenvalues: the strongest are the last columns.
  const strongest = eigenvectorMatrix.subMatrix(0, from - 1, from - width + 1, from - 1);
  const turned = strongest.mmul(cosines(width));
  const means = turned.mean('column');
  // Centring over channels, folded in: it comes first.
  return Float32Array.from(turned.subRowVector(means).to1DArray());
}

/** Orthonormal rows [d − 1, d] with sum 0: the cosine transform without its constant. */
function cosines(width: number): Matrix {
  const rows = Array.from({ length: width - 1 }, (_, at) =>
    Array.from(
      { length: width },
      (_, channel) => Math.sqrt(2 / width) * Math.cos((Math.PI * (2 * channel + 1) * (at + 1)) / (2 * width)),
    ),
  );
  return new Matrix(rows);
}
