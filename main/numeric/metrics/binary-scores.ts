/** @file Labels and scores of one binary task, checked once: every metric takes these. */

export interface BinaryScores {
  /** 0 or 1. */
  readonly labels: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
}

/** Input that no metric can be computed from. */
export class MetricsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MetricsError';
  }
}

/** @throws MetricsError when lengths differ, a label is not 0 or 1, or a score is not finite. */
export function checkScores({ labels, scores }: BinaryScores): void {
  if (labels.length !== scores.length) {
    throw new MetricsError(
      `There are ${labels.length} labels and ${scores.length} scores; each film needs one of both.`,
    );
  }
  for (let i = 0; i < labels.length; i += 1) {
    if (labels[i] !== 0 && labels[i] !== 1)
      throw new MetricsError(`Label ${i + 1} is ${labels[i]}; labels are 0 or 1.`);
    if (!Number.isFinite(scores[i])) throw new MetricsError(`Score ${i + 1} is not a finite number.`);
  }
}

/** Number of positive labels. */
export function countPositives(labels: ArrayLike<number>): number {
  let positives = 0;
  for (let i = 0; i < labels.length; i += 1) if (labels[i] === 1) positives += 1;
  return positives;
}

/** Indices by score, highest first; equal scores in input order. */
export function orderDescending(scores: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b,
  );
}
