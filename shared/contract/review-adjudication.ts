/** @file Schemas of adjudication: signed reads side by side, where they differ, and what was decided with which reason. */
import { z } from 'zod';

import { DECISION_BASES, SETTLEMENT_STATES } from '../domain/review.ts';
import { decisionId, filmId, readerId, readingId, reviewId, timestampMs } from './base.ts';
import { mark, reader, readingVersion, reviewFilm, versionStep } from './review.ts';

const count = z.number().int().nonnegative();
const name = z.string().trim().min(1).max(80);
const state = z.enum(SETTLEMENT_STATES);

const marks = z
  .array(mark)
  .max(500)
  .refine(
    (list) => new Set(list.map(({ shape: { id } }) => id)).size === list.length,
    'Two marks have the same id.',
  );
const answers = z.record(z.string().max(40), z.number().int().min(0).max(19));
const reason = z.string().trim().min(1, 'Say why.').max(2000);

/** What is to count of a film from now on, as the adjudicator sends it. */
export const settledContent = z.object({
  /** Findings that are there: those of the marks, and those without a place. Every other finding of the plan is not. */
  findings: z
    .array(name)
    .max(100)
    .refine((list) => new Set(list).size === list.length, 'A finding stands twice.'),
  /** Question id → index of the answer. */
  answers,
  marks,
});
export type SettledContent = z.infer<typeof settledContent>;

/** What no signed read said: the adjudicator's own. Worked out when the decision is kept, never taken from a window. */
export const adjudicatorsOwn = z.object({
  findings: z.array(name).max(100),
  /** Ids of questions. */
  answers: z.array(z.string().max(40)).max(100),
  /** Ids of shapes that were drawn or changed. */
  marks: z.array(z.string().max(64)).max(500),
});
export type AdjudicatorsOwn = z.infer<typeof adjudicatorsOwn>;
const NOTHING_OWN: AdjudicatorsOwn = { findings: [], answers: [], marks: [] };

/** What counts of a film from now on. */
export const settled = settledContent.extend({
  own: adjudicatorsOwn.default(NOTHING_OWN),
  /** The signed versions that counted when it was decided; absent in decisions of before this was written down. */
  compared: z.array(readingId).max(100).optional(),
});
export type Settled = z.infer<typeof settled>;

/** What is being put together, kept at every change until it is decided. */
export const adjudicationDraft = z.object({
  /** The versions that were compared: the draft is older than a read that is not among them. */
  sources: z.array(readingId).max(100),
  /** Number of the decision that it began from; 0 = none. */
  decision: count,
  answers,
  /** Present or absent, where it was said; a finding that has a mark is present. */
  findings: z.record(name, z.boolean()).refine((said) => Object.keys(said).length <= 100),
  marks,
  /** Whose read is taken as it was signed; null = put together. */
  accepted: readerId.nullable(),
  reason: z.string().max(2000),
});
export type AdjudicationDraft = z.infer<typeof adjudicationDraft>;

export const decision = z.object({
  id: decisionId,
  reviewId,
  filmId,
  /** From 1, in the order in which decisions on the film were kept. */
  number: z.number().int().min(1),
  adjudicator: readerId,
  basis: z.enum(DECISION_BASES),
  /** The signed versions that were compared; of an accepted one, that one alone. */
  sources: z.array(readingId).min(1).max(100),
  settled,
  reason,
  createdAt: timestampMs,
});
export type Decision = z.infer<typeof decision>;

/** Where signed reads differ. */
export const differences = z.object({
  /** Said by some and not by others. */
  findings: z.array(z.string()),
  /** Said by all, at places that do not overlap by half. */
  places: z.array(z.string()),
  /** Ids of questions. */
  questions: z.array(z.string()),
});
export type Differences = z.infer<typeof differences>;

export const settlementQuery = z.object({
  state: z.enum([...SETTLEMENT_STATES, 'any']).default('any'),
  text: z.string().max(200).default(''),
  offset: count.default(0),
  limit: z.number().int().min(1).max(500).default(100),
});
export type SettlementQuery = z.infer<typeof settlementQuery>;

export const settlementList = z.object({
  /** Films of the whole session in each state. */
  counts: z.record(state, count),
  total: count,
  rows: z.array(
    z.object({
      filmId,
      film: reviewFilm.nullable(),
      state,
      /** Readers who signed, of those who have the film. */
      signed: count,
      readers: count,
      differs: differences,
      /** Histories of other sites that are kept beside those of here; 0 while the film may not be opened. */
      elsewhere: count,
      /** False: one's own read of it is not signed yet, so it is not opened and its differences are not told. */
      mayOpen: z.boolean(),
    }),
  ),
});
export type SettlementList = z.infer<typeof settlementList>;

/** What a reader said of the film at another site apart from what that reader said here. It is kept, and does not count here. */
export const otherHistory = z.object({
  reader,
  /** Who signed the package that it came with; null = not known. */
  site: z.string().nullable(),
  /** Those of that site alone, oldest first; numbers as there. */
  steps: z.array(versionStep),
  /** What would count there: the read that was signed last, else the newest version. */
  there: readingVersion,
  /** The same of here. */
  here: readingVersion,
  differs: differences.extend({
    /** Findings of the model that were answered otherwise. */
    verdicts: z.array(z.string()),
    note: z.boolean(),
    keyFrames: z.boolean(),
  }),
});
export type OtherHistory = z.infer<typeof otherHistory>;

export const comparison = z.object({
  reviewId,
  filmId,
  film: reviewFilm.nullable(),
  state,
  /** Of the films that may be opened, by name. */
  previous: filmId.nullable(),
  next: filmId.nullable(),
  /** The next one that is open or outdated, from here on and round. */
  nextOpen: filmId.nullable(),
  reads: z.array(
    z.object({
      reader,
      /** Signed before the model was revealed. */
      first: readingVersion.nullable(),
      /** Signed with the model in sight. */
      revised: readingVersion.nullable(),
      /** The one that counts: the revised one where there is one. */
      counts: z.enum(['first', 'revised']).nullable(),
    }),
  ),
  differs: differences,
  elsewhere: z.array(otherHistory),
  /** Oldest first; the last one counts. */
  decisions: z.array(decision),
  /** What the adjudicator who asks put together so far; null = nothing since the last decision. */
  draft: z
    .object({ version: z.number().int().min(1), changedAt: timestampMs, content: adjudicationDraft })
    .nullable(),
});
export type Comparison = z.infer<typeof comparison>;

export const settleRequest = z.object({
  /** Made by the window. */
  id: decisionId,
  /** Number of the decision that the window had before; 0 = none. */
  after: count,
  /** One version to accept, or all that were compared. */
  sources: z.array(readingId).min(1).max(100),
  /** null = the one source as it was signed (accept). */
  settled: settledContent.nullable(),
  reason,
});
export type SettleRequest = z.infer<typeof settleRequest>;

export const draftRequest = z.object({
  /** Number of the draft's change that the window had before; 0 = none. */
  after: count,
  content: adjudicationDraft,
});
export type DraftRequest = z.infer<typeof draftRequest>;

/** On the disk. */
export const savedDraft = z.object({ version: z.number().int().min(1), changedAt: timestampMs });
export type SavedDraft = z.infer<typeof savedDraft>;
