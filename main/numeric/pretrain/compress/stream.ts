/** @file A residual stream of many films in memory, gone through some films at a time. */
import * as tf from '@tensorflow/tfjs-core';

/** Films that are on the device at once. */
const FILMS_AT_ONCE = 16;

export class Stream {
  readonly films: number;
  readonly tokens: number;
  readonly width: number;
  /** [films, N, D]. */
  readonly #values: Float32Array;

  constructor(films: number, tokens: number, width: number) {
    this.films = films;
    this.tokens = tokens;
    this.width = width;
    this.#values = new Float32Array(films * tokens * width);
  }

  /** The rows [count · N, D] of `count` films from `first` on. Call inside `tf.tidy`. */
  read(first: number, count: number): tf.Tensor2D {
    const size = this.tokens * this.width;
    const values = this.#values.subarray(first * size, (first + count) * size);
    return tf.tensor2d(values, [count * this.tokens, this.width]);
  }

  write(first: number, rows: tf.Tensor): void {
    this.#values.set(rows.dataSync(), first * this.tokens * this.width);
  }
}

/** Goes through the films of a compression some at a time, and counts how far it is. */
export class Portions {
  readonly films: number;
  readonly #between: (done: number, total: number) => Promise<void>;
  readonly #passes: number;
  #done = 0;

  /** `passes` over the films in all; `between` is awaited after each portion and may throw to stop. */
  constructor(films: number, passes: number, between: (done: number, total: number) => Promise<void>) {
    this.films = films;
    this.#passes = passes;
    this.#between = between;
  }

  get #perPass(): number {
    return Math.ceil(this.films / FILMS_AT_ONCE);
  }

  /** Passes that need not be made, because what they would find is known. */
  skip(passes: number): void {
    this.#done += passes * this.#perPass;
  }

  /** One pass. Tensors that `work` makes are let go. */
  async each(work: (first: number, count: number) => void): Promise<void> {
    for (let first = 0; first < this.films; first += FILMS_AT_ONCE) {
      tf.tidy(() => work(first, Math.min(FILMS_AT_ONCE, this.films - first)));
      this.#done += 1;
      await this.#between(this.#done, this.#passes * this.#perPass);
    }
  }
}
