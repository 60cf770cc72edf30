/**
 * @file What seeing the model changed: one reader's answers before and after, against a reference. The agreement report gives
 * it a reader and finding at a time.
 */
import { MetricsError } from './binary-scores.ts';
import { proportion, type Proportion } from './normal-distribution.ts';

export interface ReaderChange {
  readonly films: number;
  readonly before: { readonly sensitivity: Proportion; readonly specificity: Proportion };
  readonly after: { readonly sensitivity: Proportion; readonly specificity: Proportion };
  /** Films that were wrong before and right after. */
  readonly better: number;
  readonly worse: number;
  /** Exact McNemar test of better against worse, two-sided; 1 when nothing changed. */
  readonly p: number;
}

/**
 * @param before answers without the model, 0 or 1, a film each; `after` with it; `reference` what counts as true
 * @throws MetricsError lengths differ, an answer is not 0 or 1
 */
export function readerChange(
  before: readonly number[],
  after: readonly number[],
  reference: readonly number[],
): ReaderChange {
  if (before.length !== reference.length || after.length !== reference.length) {
    throw new MetricsError('Before, after and reference need an answer to the same films.');
  }
  if ([...before, ...after, ...reference].some((answer) => answer !== 0 && answer !== 1)) {
    throw new MetricsError('Answers before and after are 0 or 1.');
  }
  const right = (answers: readonly number[], index: number): boolean => answers[index] === reference[index];
  let better = 0;
  let worse = 0;
  for (const index of reference.keys()) {
    if (!right(before, index) && right(after, index)) better += 1;
    if (right(before, index) && !right(after, index)) worse += 1;
  }
  return {
    films: reference.length,
    before: rates(before, reference),
    after: rates(after, reference),
    better,
    worse,
    p: exactMcNemar(better, worse),
  };
}

function rates(answers: readonly number[], reference: readonly number[]): ReaderChange['before'] {
  const share = (truth: number): Proportion => {
    const films = [...reference.keys()].filter((index) => reference[index] === truth);
    return proportion(films.filter((index) => answers[index] === truth).length, films.length);
  };
  return { sensitivity: share(1), specificity: share(0) };
}

/** Two-sided exact test that changes one way are as frequent as the other: 2 · P(X ≤ min), X ~ Binomial(n, ½). */
export function exactMcNemar(better: number, worse: number): number {
  const changes = better + worse;
  const fewer = Math.min(better, worse);
  let logTerm = -changes * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= fewer; k += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((changes - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
