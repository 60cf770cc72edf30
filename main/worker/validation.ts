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
  /** What the best epoch is chosen by, see `merit`; null where no AUROC is defined. */
  readonly merit: number | null;
}

/** Of a model without labels: nothing tells good epochs from bad ones, the newest is kept. */
export const UNJUDGED: Validation = {
  loss: null,
  t1: { value: null, k: 0, of: 0, perFinding: [] },
  t2: null,
  merit: null,
};

/** Plans hold shares of readers for training films alone; what is scored has labels of 0 or 1. */
const binary = (target: number | null | undefined): 0 | 1 | null =>
  target === null || target === undefined ? null : target >= 0.5 ? 1 : 0;

/** Loss and AUROCs of scored films against the plan's labels. */
export function validate(
  films: FilmSet,
  indices: Uint32Array,
  scores: Omit<FilmScores, 'features'>,
): Validation {
  const chosen = Array.from(indices, (index) => films.films[index]);
  const labels = scores.t1.map((_, finding) => chosen.map((film) => binary(film?.t1[finding])));
  const known = [...chosen.keys()].filter((row) => (chosen[row]?.t2 ?? null) !== null);
  const loss = classificationLoss({
    ...scores.logits,
    t1Labels: chosen.map((film) => (film?.t1 ?? []).map(binary)),
    t2Labels: chosen.map((film) => binary(film?.t2)),
  });
  const t1 = macroAuroc(labels, scores.t1);
  const abnormal = known.map((row) => binary(chosen[row]?.t2) ?? 0);
  const t2 = auroc({ labels: abnormal, scores: known.map((row) => scores.t2[row] ?? Number.NaN) });
  return {
    loss: loss !== null && Number.isFinite(loss) ? loss : null,
    t1,
    t2,
    merit: merit([...t1.perFinding, t2].map((value, task) => ({ value, labels: labels[task] ?? abnormal }))),
  };
}

/**
 * Mean AUROC over all tasks, each weighted by what its labels can tell: the inverse of the variance of an AUROC at chance,
 * (P + N + 1) / 12PN (Mann and Whitney 1947). A plain mean of a small validation part follows the finding with one positive
 * film; see docs/decisions/0005-best-epoch.md.
 */
function merit(
  tasks: readonly { readonly value: number | null; readonly labels: readonly (0 | 1 | null)[] }[],
): number | null {
  let sum = 0;
  let weights = 0;
  for (const { value, labels } of tasks) {
    if (value === null) continue;
    const positives = labels.filter((label) => label === 1).length;
    const negatives = labels.filter((label) => label === 0).length;
    const weight = (positives * negatives) / (positives + negatives + 1);
    sum += weight * value;
    weights += weight;
  }
  return weights === 0 ? null : sum / weights;
}

/**
 * By merit; where no AUROC is defined (one class only) by the smaller loss, a known one before none, and where neither has one
 * the later epoch. Equal is not better: the earlier epoch stays.
 */
export function isBetter(one: Validation, than: Validation): boolean {
  if (one.merit !== null || than.merit !== null) {
    return (one.merit ?? Number.NEGATIVE_INFINITY) > (than.merit ?? Number.NEGATIVE_INFINITY);
  }
  if (one.loss === null || than.loss === null) return than.loss === null;
  return one.loss < than.loss;
}
