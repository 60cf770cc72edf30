/** @file A run of a study with what its table is made from. */
import type { Evaluation } from '../../../../shared/contract/evaluation.ts';
import type { StudyTask } from '../../../../shared/contract/study-table.ts';
import type { ReplicatedAuroc, Replicates } from '../../../store/comparisons.ts';
import type { RunRow } from '../../../store/runs.ts';

export interface StudyRun {
  readonly row: Pick<RunRow, 'id' | 'name' | 'config' | 'configHash' | 'device'>;
  readonly system: string;
  readonly evaluation: Evaluation;
  readonly replicates: Replicates;
  /** Of its final weights; null = not on record. */
  readonly weights: { readonly sha256: string; readonly bytes: number } | null;
}

export const STUDY_TASKS: readonly StudyTask[] = ['t1', 't2'];

/** Mean over runs of value and of every replicate: the same replicate has the same patients in each of them. */
export function meanReplicates(runs: readonly StudyRun[], task: StudyTask): ReplicatedAuroc {
  const each = runs.map(({ replicates }) => replicates[task]);
  const known = each.flatMap(({ value }) => value ?? []);
  const values = new Float64Array(each[0]?.values.length ?? 0);
  for (const one of each) {
    for (let at = 0; at < values.length; at += 1)
      values[at] = (values[at] as number) + (one.values[at] as number) / each.length;
  }
  const value = known.length < each.length || known.length === 0 ? null : meanOf(known);
  return { value, values };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation (n − 1); null with fewer than two values. */
export function sdOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
