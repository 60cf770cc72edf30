/** @file Schemas of label versions: labels that came out of a review, beside the imported ones, for a run to learn. */
import { z } from 'zod';

import { labelVersionId, reviewId, timestampMs } from './base.ts';

const count = z.number().int().nonnegative();
const name = z.string().trim().min(1).max(80);

/** What counts where signed reads differ and nobody settled it: nothing new, an unknown label, or what more than half say. */
export const WHERE_OPEN = ['as-imported', 'unknown', 'majority'] as const;

export const labelVersionRequest = z.object({
  name,
  whereOpen: z.enum(WHERE_OPEN).default('as-imported'),
  /** Films that fewer readers signed stay as imported, unless they were settled. */
  leastReaders: z.number().int().min(1).max(50).default(2),
  /**
   * Normal or abnormal. `findings`: a film with a finding is abnormal; one without stays as imported, because the session may not
   * have asked for all there is. `question`: by its answers.
   */
  abnormal: z
    .discriminatedUnion('by', [
      z.object({ by: z.literal('imported') }),
      z.object({ by: z.literal('findings') }),
      z.object({
        by: z.literal('question'),
        questionId: z.string().max(40),
        /** Indices of the answers that mean abnormal; every other answer means normal. */
        abnormalAnswers: z.array(z.number().int().min(0).max(19)).min(1).max(20),
      }),
    ])
    .default({ by: 'findings' }),
});
export type LabelVersionRequest = z.infer<typeof labelVersionRequest>;

const labels = z.object({
  finding: z.string(),
  positive: count,
  negative: count,
  /** Unknown by the review, whatever was imported. */
  unknown: count,
  /** Of them, otherwise than imported. */
  changed: count,
  /** Films with enough signed reads or a decision where it stays as imported all the same. */
  asImported: count,
});

export const labelVersionSummary = z.object({
  /** Films of the session; each is in the version, or left out for one reason. */
  sessionFilms: count,
  leftOut: z.object({
    /** Nobody signed them. */
    unread: count,
    /** Fewer readers signed them than are asked for, and nobody settled them. */
    tooFew: count,
    /** Enough readers signed them, and nothing that they say counts by these rules. */
    undecided: count,
    /** Not in the library any more. */
    gone: count,
  }),
  /** Films with at least one label of their own. */
  films: count,
  /** Of them by an adjudicator's decision. */
  settled: count,
  /** Of those, films whose decision holds what no reader said: the adjudicator's own. */
  own: count,
  /** Of the settled ones, films that a reader signed anew or took up again since; the decision counts as it is. */
  outdated: count,
  findings: z.array(labels),
  abnormal: labels,
  /** Places of findings, settled or drawn alike by all. */
  boxes: count,
  /** What a person should know before training on it. */
  warnings: z.array(z.string()),
});
export type LabelVersionSummary = z.infer<typeof labelVersionSummary>;

export const labelVersion = z.object({
  id: labelVersionId,
  name,
  reviewId,
  reviewName: z.string(),
  createdAt: timestampMs,
  request: labelVersionRequest,
  films: count,
  labels: count,
  /** Findings that some film has by this version, whether or not any label of them was imported. */
  positives: z.array(z.string()),
  /** Places that maps of its runs are measured by. */
  boxes: count,
});
export type LabelVersion = z.infer<typeof labelVersion>;
