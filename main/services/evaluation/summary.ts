/** @file The short form of a result that the command line prints as `test`. */
import type { Evaluation } from '../../../shared/contract/evaluation.ts';
import type { Interval } from '../../../shared/contract/base.ts';

export interface EvaluationSummary {
  readonly t1: {
    /** Mean AUROC over the `k` of `of` findings that have both classes; null = none has. */
    readonly macro: number | null;
    readonly ci: Interval['ci'];
    readonly k: number;
    readonly of: number;
    /** AUROC by finding; null where a class is absent. */
    readonly perFinding: Readonly<Record<string, number | null>>;
  };
  readonly t2: { readonly auroc: number | null; readonly ci: Interval['ci'] };
}

export function summaryOf({ t1, t2, perFinding }: Evaluation): EvaluationSummary {
  return {
    t1: {
      macro: t1.value,
      ci: t1.ci,
      k: t1.k,
      of: t1.of,
      perFinding: Object.fromEntries(perFinding.map(({ name, auroc }) => [name, auroc.value])),
    },
    t2: { auroc: t2.auroc.value, ci: t2.auroc.ci },
  };
}
