/** @file The paired difference of two runs from their bootstrap replicates: no score is read, no film is drawn again. */
import type { Interval } from '../../../shared/contract/base.ts';
import type { TestedDifference } from '../../../shared/contract/comparison.ts';
import { bootstrapDifference, bootstrapInterval } from '../../numeric/metrics/paired-bootstrap.ts';
import type { ReplicatedAuroc, Replicates } from '../../store/comparisons.ts';

/** AUROC of one run minus another's on the same films, with the paired patient-bootstrap interval and test. */
export interface RunDifference {
  readonly t1: TestedDifference;
  readonly t2: TestedDifference;
}

/** 95 % percentile interval; null where AUROC is undefined. */
export function intervalOf({ value, values }: ReplicatedAuroc): Interval['ci'] {
  const { ci } = bootstrapInterval(values);
  return value === null || ci === null ? null : [ci[0], ci[1]];
}

/** a − b, replicate by replicate. */
export function taskDifference(a: ReplicatedAuroc, b: ReplicatedAuroc): TestedDifference {
  if (a.value === null || b.value === null) return { value: null, ci: null, p: null };
  const { ci, p } = bootstrapDifference(a.values, b.values);
  return { value: a.value - b.value, ci: ci === null ? null : [ci[0], ci[1]], p };
}

/** `a` minus `b`; null when they were not scored on the same films and labels for the same findings. */
export function pairedDifference(a: Replicates, b: Replicates): RunDifference | null {
  if (a.films !== b.films) return null;
  return { t1: taskDifference(a.t1, b.t1), t2: taskDifference(a.t2, b.t2) };
}
