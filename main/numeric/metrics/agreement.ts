/**
 * @file Agreement of readers beyond chance: Cohen's kappa of two (plain or weighted) and Fleiss' of several, with large-sample
 * intervals. The review service feeds it one finding at a time; films count as independent.
 */
import { MetricsError } from './binary-scores.ts';
import { Z_95 } from './normal-distribution.ts';

/** How near two different answers are: not at all, or by their distance on an ordered scale or its square. */
export type KappaWeights = 'none' | 'linear' | 'quadratic';

export interface Kappa {
  /** Films with an answer of both, or of at least two readers. */
  readonly films: number;
  /** Share of agreement, weighted where weights are. null without films. */
  readonly observed: number | null;
  /** Share expected by chance from the readers' own rates. */
  readonly expected: number | null;
  /** null when chance alone agrees fully (only one answer was ever given) or there are no films. */
  readonly kappa: number | null;
  readonly se: number | null;
  /** 95 %, within [−1, 1]. null where the variance is 0 (full agreement on a sample shows no spread, not certainty). */
  readonly ci: readonly [number, number] | null;
}

const UNDEFINED: Kappa = { films: 0, observed: null, expected: null, kappa: null, se: null, ci: null };

/** Rounding noise of sums of shares. */
const NOISE = 1e-12;

function agreementWeight(a: number, b: number, categories: number, weights: KappaWeights): number {
  if (weights === 'none') return a === b ? 1 : 0;
  const distance = Math.abs(a - b) / (categories - 1);
  return 1 - (weights === 'linear' ? distance : distance ** 2);
}

function checkCategories(categories: number, answers: readonly number[]): void {
  if (!Number.isInteger(categories) || categories < 2) {
    throw new MetricsError('Agreement needs at least two possible answers.');
  }
  if (answers.some((answer) => !Number.isInteger(answer) || answer < 0 || answer >= categories)) {
    throw new MetricsError(`An answer is a whole number from 0 to ${categories - 1}.`);
  }
}

function finished(films: number, observed: number, expected: number, variance: number): Kappa {
  const kappa = (observed - expected) / (1 - expected);
  if (!(variance > NOISE)) return { films, observed, expected, kappa, se: 0, ci: null };
  const se = Math.sqrt(variance);
  const ci = [Math.max(-1, kappa - Z_95 * se), Math.min(1, kappa + Z_95 * se)] as const;
  return { films, observed, expected, kappa, se, ci };
}

/**
 * Cohen's kappa (1960, weighted 1968) with the variance of Fleiss, Cohen and Everitt (1969), which does not presume that kappa is 0.
 * @param a answers of one reader, 0…categories−1, a film each; `b` the other's of the same films
 * @throws MetricsError lengths differ, an answer out of range
 */
export function cohenKappa(
  a: readonly number[],
  b: readonly number[],
  categories: number,
  weights: KappaWeights = 'none',
): Kappa {
  if (a.length !== b.length) throw new MetricsError('Both readers need an answer to the same films.');
  checkCategories(categories, [...a, ...b]);
  const films = a.length;
  if (films === 0) return UNDEFINED;
  const share = new Float64Array(categories * categories);
  const ofA = new Float64Array(categories);
  const ofB = new Float64Array(categories);
  for (const [index, i] of a.entries()) {
    const j = b[index] as number;
    share[i * categories + j] = (share[i * categories + j] ?? 0) + 1 / films;
    ofA[i] = (ofA[i] ?? 0) + 1 / films;
    ofB[j] = (ofB[j] ?? 0) + 1 / films;
  }
  const meanA = new Float64Array(categories); // mean weight of A's answer i against B's rates
  const meanB = new Float64Array(categories);
  let observed = 0;
  let expected = 0;
  eachCell(categories, (i, j) => {
    const weight = agreementWeight(i, j, categories, weights);
    meanA[i] = (meanA[i] ?? 0) + weight * (ofB[j] ?? 0);
    meanB[j] = (meanB[j] ?? 0) + weight * (ofA[i] ?? 0);
    observed += weight * (share[i * categories + j] ?? 0);
    expected += weight * (ofA[i] ?? 0) * (ofB[j] ?? 0);
  });
  if (1 - expected < NOISE) return { films, observed, expected, kappa: null, se: null, ci: null };
  const missed = (1 - observed) / (1 - expected); // 1 − kappa
  let spread = 0;
  eachCell(categories, (i, j) => {
    const weight = agreementWeight(i, j, categories, weights);
    const off = weight - ((meanA[i] ?? 0) + (meanB[j] ?? 0)) * missed;
    spread += (share[i * categories + j] ?? 0) * off ** 2;
  });
  const centre = 1 - missed - expected * missed;
  return finished(films, observed, expected, (spread - centre ** 2) / (films * (1 - expected) ** 2));
}

function eachCell(categories: number, visit: (i: number, j: number) => void): void {
  for (let i = 0; i < categories; i += 1) for (let j = 0; j < categories; j += 1) visit(i, j);
}

/**
 * Fleiss' kappa (1971). Films may have different numbers of readers; those with fewer than two say nothing and are left out.
 * Variance by linearisation (Gwet 2008, eq. 33 and Handbook of Inter-Rater Reliability, 5.3), valid away from 0 too.
 * @param answers the answers to one film each, 0…categories−1
 * @throws MetricsError an answer out of range
 */
export function fleissKappa(answers: readonly (readonly number[])[], categories: number): Kappa {
  checkCategories(categories, answers.flat());
  const rated = answers.filter((film) => film.length >= 2);
  const films = rated.length;
  if (films === 0) return UNDEFINED;
  const shares = rated.map((film) => sharesOf(film, categories));
  const rate = Array.from(
    { length: categories },
    (_, k) => shares.reduce((sum, share) => sum + (share[k] ?? 0), 0) / films,
  );
  const agreed = rated.map((film, index) => pairsAgreed(shares[index] ?? [], film.length));
  const observed = agreed.reduce((sum, value) => sum + value, 0) / films;
  const expected = rate.reduce((sum, value) => sum + value ** 2, 0);
  if (1 - expected < NOISE) return { films, observed, expected, kappa: null, se: null, ci: null };
  const kappa = (observed - expected) / (1 - expected);
  if (films === 1) return { films, observed, expected, kappa, se: null, ci: null };
  let spread = 0;
  for (const [index, share] of shares.entries()) {
    const chance = rate.reduce((sum, value, k) => sum + value * (share[k] ?? 0), 0);
    const own = ((agreed[index] ?? 0) - expected) / (1 - expected);
    spread += (own - (2 * (1 - kappa) * (chance - expected)) / (1 - expected) - kappa) ** 2;
  }
  return finished(films, observed, expected, spread / (films * (films - 1)));
}

function sharesOf(film: readonly number[], categories: number): readonly number[] {
  return Array.from(
    { length: categories },
    (_, k) => film.filter((answer) => answer === k).length / film.length,
  );
}

/** Share of a film's pairs of readers that agree. */
function pairsAgreed(share: readonly number[], readers: number): number {
  const squares = share.reduce((sum, value) => sum + value ** 2, 0);
  return (readers * squares - 1) / (readers - 1);
}
