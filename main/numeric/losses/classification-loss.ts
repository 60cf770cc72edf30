/** @file L_cls = BCE(T1) + BCE(T2) of films that are only scored: in double precision, without an engine. */

/** A known label, or null where it is unknown. */
export type Label = 0 | 1 | null;

export interface LabelledLogits {
  /** [B, K]. */
  readonly t1: Float32Array;
  /** [B, U]: [normal, abnormal] with two units, abnormal with one. */
  readonly t2: Float32Array;
  /** B lists of K labels. */
  readonly t1Labels: readonly (readonly Label[])[];
  /** B labels, 1 = abnormal. */
  readonly t2Labels: readonly Label[];
}

/** BCE with a logit, stable for any logit: max(z, 0) − z·y + log(1 + e^−|z|). */
function binaryCrossEntropy(logit: number, label: 0 | 1): number {
  return Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));
}

/** Mean over known labels; null when none is known. */
function meanKnown(logits: Float32Array, labels: readonly Label[]): number | null {
  let sum = 0;
  let known = 0;
  labels.forEach((label, index) => {
    if (label === null) return;
    sum += binaryCrossEntropy(logits[index] ?? Number.NaN, label);
    known += 1;
  });
  return known === 0 ? null : sum / known;
}

/**
 * The loss that training minimises, as `bceT1` and `bceT2` of losses.ts define it: each task's mean over its known
 * labels, T2's also over its units. A task without a known label adds nothing; null when neither has one.
 */
export function classificationLoss({ t1, t2, t1Labels, t2Labels }: LabelledLogits): number | null {
  const units = t2Labels.length === 0 ? 1 : t2.length / t2Labels.length;
  const oneHot = t2Labels.flatMap((label): Label[] => {
    if (units === 1) return [label];
    return label === null ? [null, null] : [label === 1 ? 0 : 1, label];
  });
  const parts = [meanKnown(t1, t1Labels.flat()), meanKnown(t2, oneHot)].filter((one) => one !== null);
  return parts.length === 0 ? null : parts.reduce((sum, one) => sum + one, 0);
}
