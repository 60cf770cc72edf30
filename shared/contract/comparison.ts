/** @file Schemas of a comparison of two runs on the same films: differences with their tests. */
import { z } from 'zod';

import { interval, part, runId } from './base.ts';

/** a − b. `p` two-sided; null = undefined. */
export const testedDifference = interval.extend({ p: z.number().nullable() });
export type TestedDifference = z.infer<typeof testedDifference>;

/** One finding: DeLong's paired difference of AUROCs. */
export const findingDifference = z.object({
  name: z.string(),
  n: z.number().int(),
  positives: z.number().int(),
  /** Fewer than 10 positives (or negatives). */
  unstable: z.boolean(),
  /** AUROC of each run; null where a class is absent. */
  a: z.number().nullable(),
  b: z.number().nullable(),
  difference: testedDifference,
  /** p adjusted by Holm over the findings that have one. */
  holm: z.number().nullable(),
});
export type FindingDifference = z.infer<typeof findingDifference>;

const taskDifference = z.object({
  a: z.number().nullable(),
  b: z.number().nullable(),
  /** Paired patient bootstrap. */
  difference: testedDifference,
});

const comparedRun = z.object({ runId, name: z.string() });

export const comparison = z.object({
  a: comparedRun,
  b: comparedRun,
  part,
  films: z.number().int(),
  patients: z.number().int(),
  /** Macro over the k of `of` findings that have both classes. */
  t1: taskDifference.extend({ k: z.number().int(), of: z.number().int() }),
  t2: taskDifference.extend({ n: z.number().int(), positives: z.number().int(), unstable: z.boolean() }),
  perFinding: z.array(findingDifference),
  /** Findings that Holm's correction counts. */
  holmOver: z.number().int(),
  bootstrap: z.object({ resamples: z.number().int(), seed: z.number().int(), unit: z.literal('patient') }),
  /** Plain sentences: what is and what is not shown. */
  notes: z.array(z.string()),
});
export type Comparison = z.infer<typeof comparison>;
