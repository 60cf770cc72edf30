/** @file The standard normal distribution and Wilson's interval for proportions. */

/** Quantile .975 of the standard normal. */
export const Z_95 = 1.959963984540054;

/** erfc(x) for x ≥ 0 with about 1e-12 relative error: series below 2.5, Lentz's continued fraction above. */
function erfc(x: number): number {
  const scaled = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > 1e-17 * sum; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - scaled * sum; // erf(x) = 2/√π · e^−x² · Σ 2ⁿ x^(2n+1) / (2n+1)!!
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n -= 1) fraction = n / 2 / (x + fraction);
  return scaled / 2 / (x + fraction);
}

/** P(|Z| ≥ |z|). */
export function twoSidedP(z: number): number {
  return erfc(Math.abs(z) / Math.SQRT2);
}

export interface Proportion {
  /** null when there are no trials. */
  readonly value: number | null;
  /** Wilson's 95 % interval. */
  readonly ci: readonly [number, number] | null;
}

/** Share of `hits` in `trials` with Wilson's score interval (1927), which stays within [0, 1]. */
export function proportion(hits: number, trials: number): Proportion {
  if (trials === 0) return { value: null, ci: null };
  const value = hits / trials;
  const square = Z_95 ** 2;
  const centre = (value + square / (2 * trials)) / (1 + square / trials);
  const half =
    (Z_95 / (1 + square / trials)) * Math.sqrt((value * (1 - value)) / trials + square / (4 * trials ** 2));
  return { value, ci: [Math.max(0, centre - half), Math.min(1, centre + half)] };
}
