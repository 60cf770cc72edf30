/** @file Counts and predictive values at any threshold, from a task's ROC points. Used by the operating point page. */
import type { TaskMetrics } from '../../../../shared/contract/evaluation.ts';

export interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** The thresholds of the ROC curve, rising. */
export function thresholdsOf(metrics: TaskMetrics): number[] {
  const values = metrics.roc.flatMap(({ threshold }) =>
    threshold === null || !Number.isFinite(threshold) ? [] : [threshold],
  );
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Films called and not called when a score of at least `threshold` is a positive call. */
export function countsAt(metrics: TaskMetrics, threshold: number): Counts {
  const negatives = metrics.n - metrics.positives;
  let sensitivity = 0;
  let falseRate = 0;
  for (const point of metrics.roc) {
    if (point.threshold === null || point.threshold < threshold) continue;
    sensitivity = Math.max(sensitivity, point.y);
    falseRate = Math.max(falseRate, point.x);
  }
  const tp = Math.round(sensitivity * metrics.positives);
  const fp = Math.round(falseRate * negatives);
  return { tp, fp, tn: negatives - fp, fn: metrics.positives - tp };
}

/** Bayes' rule: what a call is worth where `share` of the films are positive. Null where it is not defined. */
export function predictiveValues(
  sensitivity: number | null,
  specificity: number | null,
  share: number,
): { readonly ppv: number | null; readonly npv: number | null } {
  if (sensitivity === null || specificity === null) return { ppv: null, npv: null };
  const called = sensitivity * share + (1 - specificity) * (1 - share);
  const notCalled = (1 - sensitivity) * share + specificity * (1 - share);
  return {
    ppv: called > 0 ? (sensitivity * share) / called : null,
    npv: notCalled > 0 ? (specificity * (1 - share)) / notCalled : null,
  };
}
