/** @file Macro AUROC over the findings that have both classes: "macro over k of K". */
import { auroc } from './auroc.ts';

export interface MacroAuroc {
  /** Mean over the defined findings; null when none is defined. */
  readonly value: number | null;
  readonly k: number;
  readonly of: number;
  /** Per finding; null where a class is absent. */
  readonly perFinding: readonly (number | null)[];
}

/**
 * @param labels one array a finding, one entry a film: 0, 1, or null where unknown (left out of that finding)
 * @param scores the same shape
 * @param films indices to use (repeats allowed); all by default
 */
export function macroAuroc(
  labels: readonly (readonly (0 | 1 | null)[])[],
  scores: readonly ArrayLike<number>[],
  films?: Uint32Array,
): MacroAuroc {
  const perFinding = labels.map((column, finding) => {
    const used = films ?? Uint32Array.from(column.keys());
    const known = used.filter((film) => column[film] !== null);
    return auroc({
      labels: Array.from(known, (film) => column[film] ?? 0),
      scores: Array.from(known, (film) => scores[finding]?.[film] ?? Number.NaN),
    });
  });
  const defined = perFinding.filter((value) => value !== null);
  const value = defined.length === 0 ? null : defined.reduce((sum, one) => sum + one, 0) / defined.length;
  return { value, k: defined.length, of: labels.length, perFinding };
}
