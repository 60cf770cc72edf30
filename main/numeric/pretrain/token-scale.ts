/**
 * @file How a larger model's tokens are brought to one scale: each channel of each token by its mean and deviation over the
 * films. Nearly all of a token is the same for every chest film; what is left is what there is to learn.
 */

export interface TokenScale {
  /** [N, T] flat: mean over the films. */
  readonly mean: Float32Array;
  /** [N, T] flat: 1 / deviation over the films. */
  readonly inverse: Float32Array;
}

/** Added to a variance, as a share of the mean variance: a channel that never changes stays small. */
const FLOOR = 0.01;

/** Gathers films one by one, in double precision, so that their number and order of magnitude do not matter. */
export class TokenScaleSums {
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #films = 0;

  /** `size` = N · T values a film. */
  constructor(size: number) {
    this.#sum = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  /** Last blocks of some films, one after another. @throws RangeError when they are no whole number of films */
  add(features: Float32Array): void {
    const size = this.#sum.length;
    if (features.length % size !== 0) {
      throw new RangeError(`${features.length} values are no whole number of films of ${size}.`);
    }
    for (let at = 0; at < features.length; at += 1) {
      const value = features[at] as number;
      const entry = at % size;
      this.#sum[entry] = (this.#sum[entry] as number) + value;
      this.#squares[entry] = (this.#squares[entry] as number) + value * value;
    }
    this.#films += features.length / size;
  }

  scale(): TokenScale {
    const films = Math.max(1, this.#films);
    const mean = this.#sum.map((sum) => sum / films);
    const variance = this.#squares.map((sum, at) => Math.max(0, sum / films - (mean[at] as number) ** 2));
    const floor = (FLOOR * variance.reduce((sum, value) => sum + value, 0)) / variance.length;
    return {
      mean: Float32Array.from(mean),
      // One film alone has no deviation: its tokens are the mean, and nothing is divided by nothing.
      inverse: Float32Array.from(variance, (value) =>
        value + floor === 0 ? 1 : 1 / Math.sqrt(value + floor),
      ),
    };
  }
}
