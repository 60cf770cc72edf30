/** @file Thresholds chosen on one part (validation), and what they give on another (test). */
import { checkScores, type BinaryScores } from './binary-scores.ts';
import { rocCurve, type CurvePoint } from './curves.ts';
import { proportion, type Proportion } from './normal-distribution.ts';

/** Counts and rates when a film with a score ≥ `threshold` counts as positive. Intervals are Wilson's. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
  readonly sensitivity: Proportion;
  readonly specificity: Proportion;
  readonly ppv: Proportion;
  readonly npv: Proportion;
}

/** @throws MetricsError */
export function operatingPoint(data: BinaryScores, threshold: number): OperatingPoint {
  checkScores(data);
  const counts = { tp: 0, fp: 0, tn: 0, fn: 0 };
  for (let i = 0; i < data.labels.length; i += 1) {
    const called = (data.scores[i] ?? Number.NaN) >= threshold;
    if (data.labels[i] === 1) counts[called ? 'tp' : 'fn'] += 1;
    else counts[called ? 'fp' : 'tn'] += 1;
  }
  const { tp, fp, tn, fn } = counts;
  return {
    threshold,
    ...counts,
    sensitivity: proportion(tp, tp + fn),
    specificity: proportion(tn, tn + fp),
    ppv: proportion(tp, tp + fp),
    npv: proportion(tn, tn + fn),
  };
}

/**
 * A threshold halfway between the chosen score and the next lower one, so that rounding of scores does not move films
 * across it; the score itself where there is none lower.
 */
function between(points: readonly CurvePoint[], chosen: number): number | null {
  const here = points[chosen]?.threshold ?? null;
  const below = points[chosen + 1]?.threshold ?? null;
  if (here === null) return below === null ? null : below + Math.abs(below) * 1e-6 + 1e-12;
  return below === null ? here : (here + below) / 2;
}

/** Threshold with the largest sensitivity + specificity (Youden's J); the highest of equals. null when a class is absent. */
export function youdenThreshold(data: BinaryScores): number | null {
  const points = rocCurve(data);
  let best = 0;
  points.forEach((point, index) => {
    const at = points[best];
    if (at !== undefined && point.y - point.x > at.y - at.x + 1e-12) best = index;
  });
  return between(points, best);
}

/** Highest threshold whose sensitivity is at least `sensitivity` (0…1). null when a class is absent. */
export function sensitivityThreshold(data: BinaryScores, sensitivity: number): number | null {
  const points = rocCurve(data);
  const chosen = points.findIndex((point) => point.y >= sensitivity && point.threshold !== null);
  return chosen === -1 ? null : between(points, chosen);
}

/** Lowest threshold whose specificity is at least `specificity` (0…1); above every score where none else is. null when a class is absent. */
export function specificityThreshold(data: BinaryScores, specificity: number): number | null {
  const points = rocCurve(data);
  const chosen = points.findLastIndex((point) => 1 - point.x >= specificity);
  return chosen === -1 ? null : between(points, chosen);
}
