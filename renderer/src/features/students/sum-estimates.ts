/** @file The cost of several runs, one after another. */
import type { Estimate } from '../../../../shared/contract/training.ts';

/** Times and disk add up over runs and seeds; memory is that of the largest, since runs take turns. Null for no run. */
export function sumEstimates(each: readonly Estimate[], seeds: number): Estimate | null {
  const [first] = each;
  if (first === undefined) return null;
  const sum = (pick: (estimate: Estimate) => number): number =>
    each.reduce((total, estimate) => total + pick(estimate), 0) * seeds;
  const unique = (lines: readonly string[]): string[] => [...new Set(lines)];
  return {
    seconds: sum(({ seconds }) => seconds),
    memoryBytes: Math.max(...each.map(({ memoryBytes }) => memoryBytes)),
    diskBytes: sum(({ diskBytes }) => diskBytes),
    films: first.films,
    steps: sum(({ steps }) => steps),
    basis: first.basis,
    measuring: each.some(({ measuring }) => measuring),
    mixed: first.mixed,
    refusals: unique(each.flatMap(({ refusals }) => refusals)),
    warnings: unique(each.flatMap(({ warnings }) => warnings)),
  };
}
