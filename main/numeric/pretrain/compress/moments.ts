/** @file Weighted ridge regression of many targets from streamed rows: only sums of products are kept, in double precision. */
import * as tf from '@tensorflow/tfjs-core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';

/** y ≈ x · kernel + bias for x [R, I]. */
export interface LinearFit {
  /** [I, O], flat. */
  readonly kernel: Float32Array;
  /** [O]. */
  readonly bias: Float32Array;
}

/** Added to the products of the inputs, as a share of their mean diagonal: inputs that hardly vary get small coefficients. */
const RIDGE = 1e-3;

export class Moments {
  /** Inputs and the constant 1. */
  readonly #inputs: number;
  readonly #outputs: number;
  /** Σ w·x·xᵀ with x followed by 1, [I+1, I+1]. */
  readonly #products: Float64Array;
  /** Σ w·x·yᵀ, [I+1, O]. */
  readonly #targets: Float64Array;

  constructor(inputs: number, outputs: number) {
    this.#inputs = inputs + 1;
    this.#outputs = outputs;
    this.#products = new Float64Array(this.#inputs ** 2);
    this.#targets = new Float64Array(this.#inputs * outputs);
  }

  /** Call inside `tf.tidy`. Adds rows x [R, I] with targets y [R, O]; `roots` [R, 1] are the square roots of the rows' weights. */
  add(x: tf.Tensor, y: tf.Tensor, roots: tf.Tensor): void {
    const rows = tf.mul(tf.concat([x, tf.onesLike(roots)], 1), roots);
    addTo(this.#products, tf.matMul(rows, rows, true, false));
    addTo(this.#targets, tf.matMul(rows, tf.mul(y, roots), true, false));
  }

  /** The fit of the target columns `outputs` from the input columns `inputs`; all of them where not given. */
  fit(inputs: Int32Array = range(this.#inputs - 1), outputs: Int32Array = range(this.#outputs)): LinearFit {
    const solved = this.#solve(inputs, outputs);
    const bias = Float32Array.from(solved.getRow(inputs.length));
    const kernel = Float32Array.from(
      solved.subMatrix(0, inputs.length - 1, 0, outputs.length - 1).to1DArray(),
    );
    return { kernel, bias };
  }

  /**
   * What leaving out each group of input columns would cost: the growth of the (regularised) sum of squares, exactly, when
   * the rest of `inputs` is fitted anew (Hassibi & Stork 1993). `groups` hold places in `inputs`.
   */
  costs(inputs: Int32Array, groups: readonly Int32Array[]): number[] {
    const left = this.#left(inputs);
    const inverse = new CholeskyDecomposition(left).solve(Matrix.eye(left.rows));
    const fit = inverse.mmul(this.#right(inputs, range(this.#outputs)));
    return groups.map((group) => {
      const own = [...group];
      const rows = fit.subMatrixRow(own);
      const curvature = new CholeskyDecomposition(symmetric(inverse.selection(own, own))).solve(rows);
      return Matrix.mul(rows, curvature).sum();
    });
  }

  #right(inputs: Int32Array, outputs: Int32Array): Matrix {
    const rows = [...inputs, this.#inputs - 1];
    const right = new Matrix(rows.length, outputs.length);
    rows.forEach((from, row) => {
      outputs.forEach((output, column) => {
        right.set(row, column, this.#targets[from * this.#outputs + output] as number);
      });
    });
    return right;
  }

  #solve(inputs: Int32Array, outputs: Int32Array): Matrix {
    return new CholeskyDecomposition(this.#left(inputs)).solve(this.#right(inputs, outputs));
  }

  #left(inputs: Int32Array): Matrix {
    const rows = [...inputs, this.#inputs - 1];
    const left = new Matrix(rows.length, rows.length);
    rows.forEach((from, row) => {
      rows.forEach((to, column) => left.set(row, column, this.#products[from * this.#inputs + to] as number));
    });
    const ridge = (RIDGE * left.trace()) / rows.length;
    // The constant costs nothing; a hair keeps the factor positive where there are no inputs that vary.
    for (let row = 0; row < rows.length; row += 1) {
      left.set(row, row, left.get(row, row) + (row === rows.length - 1 ? 1e-9 * ridge : ridge));
    }
    return symmetric(left);
  }
}

/** The same without its last bits of rounding, which a factorisation would refuse. */
function symmetric(matrix: Matrix): Matrix {
  return Matrix.add(matrix, matrix.transpose()).div(2);
}

/** 0 … count − 1. */
export function range(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}

/** Adds what a tensor holds. Its values are read outside of any scope's return, which would look for tensors in each of them. */
export function addTo(sums: Float64Array, tensor: tf.Tensor): void {
  const values = tensor.dataSync();
  for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] as number) + (values[at] as number);
}
