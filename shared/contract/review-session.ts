/**
 * @file Contract of review sessions: set up, worked through, compared. Every call but none is made by a reader who signed in
 * (readers.ts); what a version says is in review.ts.
 */
import { z } from 'zod';

import { MODEL_BLINDINGS, READING_STAGES } from '../domain/review.ts';
import { filmId, procedure, readerId, readingId, reviewId, runId, timestampMs } from './base.ts';
import { readerToken } from './readers.ts';
import { labelVersion, labelVersionRequest, labelVersionSummary } from './label-version.ts';
import {
  comparison,
  decision,
  draftRequest,
  savedDraft,
  settlementList,
  settleRequest,
  settlementQuery,
} from './review-adjudication.ts';
import { agreementReport, agreementRequest } from './review-agreement.ts';
import {
  reader,
  readingContent,
  readingVersion,
  review,
  reviewFilm,
  reviewName,
  reviewPlan,
  versionStep,
} from './review.ts';

const stage = z.enum(READING_STAGES);
const workState = z.enum(['unread', 'started', 'done']);
const count = z.number().int().nonnegative();

/** Films by where they stand. `missing`: not in the library any more, whatever was said of them. */
export const workProgress = z.object({ unread: count, started: count, done: count, missing: count });
export type WorkProgress = z.infer<typeof workProgress>;

export const reviewSummary = review.extend({
  /** null = open. */
  closedAt: timestampMs.nullable(),
  films: count,
  /** For a reader the own progress only; for adjudicators and owners everybody's. */
  readers: z.array(z.object({ reader, progress: workProgress })),
  /** The films of this reader stand on the list too. */
  isMine: z.boolean(),
});
export type ReviewSummary = z.infer<typeof reviewSummary>;

export const workItem = z.object({
  filmId,
  /** From 0, in this reader's own order. */
  position: count,
  /** null = not in the library any more. */
  film: reviewFilm.nullable(),
  state: workState,
  /** Of the newest version; null = unread. */
  stage: stage.nullable(),
  /** Number of the newest version; 0 = unread. */
  version: count,
  savedAt: timestampMs.nullable(),
  marks: count,
  keyFrames: count,
  hasNote: z.boolean(),
});
export type WorkItem = z.infer<typeof workItem>;

export const workFilter = z.object({
  /** signed: the first read is signed and nothing came after it; such a film is `started` where the model is revealed next. */
  state: z.enum(['any', 'unread', 'started', 'signed', 'done', 'missing']).default('any'),
  /** In the film's name or the patient's short form. */
  text: z.string().max(200).default(''),
  onlyKeyImages: z.boolean().default(false),
  onlyNotes: z.boolean().default(false),
});
export type WorkFilter = z.infer<typeof workFilter>;

export const reading = z.object({
  reviewId,
  filmId,
  film: reviewFilm.nullable(),
  position: count,
  films: count,
  previous: filmId.nullable(),
  next: filmId.nullable(),
  /** The next film that is not done, from here on and round; null = all are done. */
  nextUnfinished: filmId.nullable(),
  state: workState,
  stage: stage.nullable(),
  /** Number of the newest version; 0 = unread. The next save says it as `after`. */
  version: count,
  /** What the newest version says; null = unread. */
  content: readingContent.nullable(),
  /** Oldest first. */
  history: z.array(versionStep),
  blinding: z.enum(MODEL_BLINDINGS),
  /** Whether `review.model` answers now. `missing`: it would, now or once it is revealed, but the model is not in the library. */
  model: z.enum(['hidden', 'after-read', 'visible', 'missing']),
  /** What is possible now. */
  may: z.object({ save: z.boolean(), sign: z.boolean(), reveal: z.boolean(), revise: z.boolean() }),
  closedAt: timestampMs.nullable(),
});
export type Reading = z.infer<typeof reading>;

/** What the model says of a film, as far as the session asks for it. */
export const modelFindings = z.object({
  runId,
  runName: z.string(),
  resolution: z.number().int(),
  /** The whole film: abnormal or not. */
  abnormal: z.object({
    score: z.number(),
    threshold: z.number().nullable(),
    uncertain: z.boolean(),
    positive: z.boolean().nullable(),
  }),
  /** Findings of the plan that the model knows. `positive` null: no threshold could be chosen for it. */
  findings: z.array(
    z.object({
      finding: z.string(),
      score: z.number(),
      threshold: z.number().nullable(),
      uncertain: z.boolean(),
      positive: z.boolean().nullable(),
    }),
  ),
  /** Findings of the plan that the model was not trained on. */
  unknown: z.array(z.string()),
});
export type ModelFindings = z.infer<typeof modelFindings>;

/**
 * kept: a new version · unchanged: the newest one says the same already · repeated: sent before, it is the newest version ·
 * late: sent before, newer ones were kept since. In all four nothing is lost. Everything else is a CONFLICT, its
 * `detail.reason` one of other-window, ahead, id-taken, signed, step, closed.
 */
export const SAVE_OUTCOMES = ['kept', 'unchanged', 'repeated', 'late'] as const;

export const saved = z.object({
  outcome: z.enum(SAVE_OUTCOMES),
  /** Of the version that holds what was sent. */
  number: count,
  /** Of the newest version: the next save says it as `after`. */
  newest: count,
  stage,
  savedAt: timestampMs,
});
export type Saved = z.infer<typeof saved>;

export const keyImage = z.object({
  filmId,
  film: reviewFilm.nullable(),
  frame: count,
  reader,
  note: z.string(),
});

const signed = z.object({ token: readerToken });
const ofReview = signed.extend({ reviewId });
const ofFilm = ofReview.extend({ filmId });
/** `id` is made by the window and sent again with the same step; `after` is the version that the window had before. */
const step = ofFilm.extend({ id: readingId, after: count });

export const reviewContract = {
  /** Owners only. Each reader gets all films in an order of their own, drawn from the plan's seed. */
  create: procedure
    .input(
      signed.extend({
        name: reviewName,
        plan: reviewPlan,
        readers: z.array(readerId).min(1).max(50),
        films: z.array(filmId).min(1).max(20_000),
      }),
    )
    .output(reviewSummary),
  /** Newest first: a reader's own, for adjudicators and owners all. */
  list: procedure.input(signed).output(z.array(reviewSummary)),
  worklist: procedure
    .input(
      ofReview.extend({
        filter: workFilter.prefault({}),
        offset: count.default(0),
        limit: z.number().int().min(1).max(500).default(100),
      }),
    )
    .output(z.object({ progress: workProgress, total: count, rows: z.array(workItem) })),
  /** The signed-in reader's own reading of a film. */
  open: procedure.input(ofFilm).output(reading),
  /** A version whole: one's own; the signed ones that count of any reader, for adjudicators and owners once they may compare the film. */
  version: procedure.input(ofReview.extend({ readingId })).output(readingVersion),
  /** NOT_ALLOWED while the blinding hides it. The first call for a film may take seconds: the model reads it then. */
  model: procedure.input(ofFilm).output(modelFindings),
  /** On the disk when it answers. */
  save: procedure.input(step.extend({ content: readingContent })).output(saved),
  /** Refused while a required question has no answer. */
  sign: procedure.input(step.extend({ content: readingContent })).output(saved),
  /** Shows the model; the signed first read stays as it is for good. */
  reveal: procedure.input(step).output(saved),
  /** Takes a signed read up again: before the reveal as a first read, after it as a revision. */
  revise: procedure.input(step).output(saved),
  /** Frames that readers flagged: one's own in the newest versions; for adjudicators and owners those of the signed reads that they may compare. */
  keyImages: procedure.input(ofReview).output(z.array(keyImage)),
  /** Owners and adjudicators who have no film left to read; a reader once the session is closed. */
  agreement: procedure.input(ofReview.extend(agreementRequest.shape)).output(agreementReport),
  /** Films with how their signed reads stand to each other; adjudicators and owners only. By name. */
  settlements: procedure.input(ofReview.extend(settlementQuery.shape)).output(settlementList),
  /** The signed reads of a film side by side, and what was decided. NOT_ALLOWED while one's own read is not signed. */
  compare: procedure.input(ofFilm).output(comparison),
  /** Settles a film; the reads stay as they are, and so do earlier decisions. Sent again with the same id it is kept once. */
  settle: procedure.input(ofFilm.extend(settleRequest.shape)).output(decision),
  /** Keeps what is being put together, whole, at every change; the signed reads and earlier decisions stay as they are. */
  saveDraft: procedure.input(ofFilm.extend(draftRequest.shape)).output(savedDraft),
  /** What a label version of this session would hold; nothing is kept. Owners only, as the next one. */
  previewLabels: procedure
    .input(ofReview.extend(labelVersionRequest.omit({ name: true }).shape))
    .output(labelVersionSummary),
  /** Keeps it: the Teacher page lists it (library.labelVersions), a run names it. */
  makeLabels: procedure.input(ofReview.extend(labelVersionRequest.shape)).output(labelVersion),
  /** Owners only. What is being read stays as it is; nothing is added until the session is opened again. */
  /** Owners only. */
  rename: procedure.input(ofReview.extend({ name: reviewName })).output(reviewSummary),
  close: procedure.input(ofReview).output(reviewSummary),
  reopen: procedure.input(ofReview).output(reviewSummary),
};
