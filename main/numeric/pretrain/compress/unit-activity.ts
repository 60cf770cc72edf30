/** @file Which hidden units of an MLP tell films apart: the others can be left out. */
import * as tf from '@tensorflow/tfjs-core';

import { addTo, range } from './moments.ts';

/** How much each hidden unit differs between films at the same token. */
export class UnitActivity {
  readonly #roots: Float32Array;
  readonly #units: number;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #films = 0;

  constructor(roots: Float32Array, units: number) {
    this.#roots = roots;
    this.#units = units;
    this.#sums = new Float64Array(roots.length * units);
    this.#squares = new Float64Array(roots.length * units);
  }

  /** Call inside `tf.tidy`. Hidden units after GELU, [films · N, units]. */
  add(active: tf.Tensor): void {
    const tokens = this.#roots.length;
    const films = (active.shape[0] ?? 0) / tokens;
    const byFilm = tf.reshape(active, [films, tokens, this.#units]);
    addTo(this.#sums, tf.sum(byFilm, 0));
    addTo(this.#squares, tf.sum(tf.square(byFilm), 0));
    this.#films += films;
  }

  /** The `count` units that move the output most, in ascending order; `reach` is the length of each unit's output. */
  strongest(count: number, reach: ArrayLike<number>): Int32Array {
    const variance = new Float64Array(this.#units);
    this.#sums.forEach((sum, at) => {
      const weight = (this.#roots[Math.floor(at / this.#units)] ?? 0) ** 2;
      const mean = sum / this.#films;
      const own = Math.max(0, (this.#squares[at] as number) / this.#films - mean ** 2);
      variance[at % this.#units] = (variance[at % this.#units] as number) + weight * own;
    });
    const merit = variance.map((value, unit) => Math.sqrt(value) * (reach[unit] as number));
    const order = [...range(this.#units)].sort((a, b) => (merit[b] as number) - (merit[a] as number));
    return Int32Array.from(order.slice(0, count)).sort();
  }
}
