/** @file AUROC by Mann–Whitney mid-ranks and DeLong's variance (DeLong 1988, in the fast form of Sun & Xu 2014). */
import { checkScores, countPositives, type BinaryScores } from './binary-scores.ts';
import { twoSidedP, Z_95 } from './normal-distribution.ts';

/** Mid-ranks (ties share the mean of their ranks), 1-based. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort(
    (a, b) => (values[a] ?? 0) - (values[b] ?? 0),
  );
  const ranks = new Float64Array(values.length);
  let start = 0;
  while (start < order.length) {
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end += 1;
    const rank = (start + end + 1) / 2;
    for (let i = start; i < end; i += 1) ranks[order[i] ?? 0] = rank;
    start = end;
  }
  return ranks;
}

/** Area under the ROC curve; null (undefined, never 0.5) when a class is absent. @throws MetricsError */
export function auroc(data: BinaryScores): number | null {
  checkScores(data);
  const positives = countPositives(data.labels);
  const negatives = data.labels.length - positives;
  if (positives === 0 || negatives === 0) return null;
  const ranks = midRanks(data.scores);
  let sum = 0;
  for (let i = 0; i < ranks.length; i += 1) if (data.labels[i] === 1) sum += ranks[i] ?? 0;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

export interface DeLong {
  readonly auroc: number;
  /** Variance of the estimate; null with fewer than two films of a class. */
  readonly variance: number | null;
  /** 95 %, normal approximation, clipped to [0, 1]. */
  readonly ci: readonly [number, number] | null;
}

/** Structural components: share of negatives below each positive (V10) and of positives above each negative (V01). */
function placements(data: BinaryScores): { v10: Float64Array; v01: Float64Array } {
  const all = midRanks(data.scores);
  const pick = (label: number) => Uint32Array.from(all.keys()).filter((i) => data.labels[i] === label);
  const positive = pick(1);
  const negative = pick(0);
  const within = (indices: Uint32Array) => midRanks(Float64Array.from(indices, (i) => data.scores[i] ?? 0));
  const rankPositive = within(positive);
  const rankNegative = within(negative);
  return {
    v10: Float64Array.from(positive, (i, k) => ((all[i] ?? 0) - (rankPositive[k] ?? 0)) / negative.length),
    v01: Float64Array.from(
      negative,
      (i, k) => 1 - ((all[i] ?? 0) - (rankNegative[k] ?? 0)) / positive.length,
    ),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample covariance (n − 1). */
function covariance(a: Float64Array, b: Float64Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  return a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] ?? 0) - meanB), 0) / (a.length - 1);
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** AUROC with DeLong's variance and interval; null when a class is absent. @throws MetricsError */
export function delong(data: BinaryScores): DeLong | null {
  const value = auroc(data);
  if (value === null) return null;
  const { v10, v01 } = placements(data);
  if (v10.length < 2 || v01.length < 2) return { auroc: value, variance: null, ci: null };
  const variance = covariance(v10, v10) / v10.length + covariance(v01, v01) / v01.length;
  const half = Z_95 * Math.sqrt(variance);
  return { auroc: value, variance, ci: [clip(value - half), clip(value + half)] };
}

export interface DeLongDifference {
  /** AUROC(a) − AUROC(b). */
  readonly difference: number;
  readonly variance: number;
  readonly ci: readonly [number, number];
  /** null when the variance is 0 and the difference is not: the test is undefined. */
  readonly z: number | null;
  /** Two-sided. */
  readonly p: number | null;
}

/** AUROC(a) − AUROC(b) on the same films, with its variance (DeLong 1988); null when undefined. @throws MetricsError */
export function delongDifference(
  labels: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): DeLongDifference | null {
  const first = delong({ labels, scores: a });
  const second = delong({ labels, scores: b });
  if (first?.variance == null || second?.variance == null) return null;
  const pa = placements({ labels, scores: a });
  const pb = placements({ labels, scores: b });
  const shared = covariance(pa.v10, pb.v10) / pa.v10.length + covariance(pa.v01, pb.v01) / pa.v01.length;
  const difference = first.auroc - second.auroc;
  const variance = Math.max(0, first.variance + second.variance - 2 * shared);
  const half = Z_95 * Math.sqrt(variance);
  const still = difference === 0 ? 0 : null;
  const z = variance > 0 ? difference / Math.sqrt(variance) : still;
  const p = z === null ? null : twoSidedP(z);
  return { difference, variance, ci: [difference - half, difference + half], z, p };
}
