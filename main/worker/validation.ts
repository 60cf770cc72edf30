/** @file What scored films say of a model: AUROC of both tasks and the loss; and which of two epochs is the better one. */
import { classificationLoss } from '../numeric/losses/classification-loss.ts';
import { auroc } from '../numeric/metrics/auroc.ts';
import { macroAuroc, type MacroAuroc } from '../numeric/metrics/macro.ts';
import type { FilmSet } from './film-set.ts';
import type { FilmScores } from './score-films.ts';

export interface Validation {
  /** Mean BCE(T1) + BCE(T2) over known labels; null where none is known or it is not finite. */
  readonly loss: number | null;
  readonly t1: MacroAuroc;
  readonly t2: number | null;
}

/** Loss and AUROCs of scored films against the plan's labels. */
export function validate(films: FilmSet, indices: Uint32Array, scores: FilmScores): Validation {
  const chosen = Array.from(indices, (index) => films.films[index]);
  const labels = scores.t1.map((_, finding) => chosen.map((film) => film?.t1[finding] ?? null));
  const known = [...chosen.keys()].filter((row) => (chosen[row]?.t2 ?? null) !== null);
  const loss = classificationLoss({
    ...scores.logits,
    t1Labels: chosen.map((film) => film?.t1 ?? []),
    t2Labels: chosen.map((film) => film?.t2 ?? null),
  });
  return {
    loss: loss !== null && Number.isFinite(loss) ? loss : null,
    t1: macroAuroc(labels, scores.t1),
    t2: auroc({
      labels: known.map((row) => chosen[row]?.t2 ?? 0),
      scores: known.map((row) => scores.t2[row] ?? Number.NaN),
    }),
  };
}

function merit(validation: Validation): number {
  return validation.t1.value ?? validation.t2 ?? Number.NEGATIVE_INFINITY;
}

/** By macro AUROC of the findings, by T2 where that is undefined. Equal is not better: the earlier epoch stays. */
export function isBetter(one: Validation, than: Validation): boolean {
  return merit(one) > merit(than);
}
