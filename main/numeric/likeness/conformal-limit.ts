/**
 * @file From which distance on a film is called unlike: a high quantile of the validation films' distances by conformal rank
 * (Vovk 2005; Papadopoulos 2002), so that a further film of their kind exceeds it in at most 1 − quantile of cases.
 */

/** The share of films of the training films' kind that must not be called unlike. */
const WANTED = 0.99;
/** Fewer films than this cannot promise 95 %. */
export const FEWEST_FILMS = 19;

export interface ConformalLimit {
  readonly limit: number;
  /** What the limit promises, 0…1: 0.99, or n/(n + 1) where the largest of too few distances is taken. */
  readonly quantile: number;
}

/** Null with fewer than `FEWEST_FILMS` distances: nothing worth saying could be promised. */
export function conformalLimit(distances: Float64Array): ConformalLimit | null {
  const films = distances.length;
  if (films < FEWEST_FILMS) return null;
  const quantile = Math.min(WANTED, films / (films + 1));
  const rank = Math.min(films, Math.ceil((films + 1) * quantile - 1e-9));
  return { limit: distances.toSorted()[rank - 1] as number, quantile };
}
