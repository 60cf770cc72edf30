/** @file Schemas of a review: its plan, and what one reader says of one film in one version. */
import { z } from 'zod';

import { MODEL_BLINDINGS, READER_ROLES, READING_STAGES } from '../domain/review.ts';
import { filmId, readerId, readingId, reviewId, runId, timestampMs } from './base.ts';
import { shape } from './shape.ts';

const name = z.string().trim().min(1).max(80);
export const readerName = name;
export const reviewName = name;
/** 0 = a guess, 1 = certain. */
const confidence = z.number().min(0).max(1).nullable();

export const reader = z.object({
  id: readerId,
  name,
  role: z.enum(READER_ROLES),
  createdAt: timestampMs,
});
export type Reader = z.infer<typeof reader>;

/** A question with one answer a film. `ordered`: the answers stand on a scale, so that near ones agree in part. */
export const reviewQuestion = z
  .object({
    id: z.string().regex(/^[0-9a-z-]{1,40}$/),
    text: z.string().trim().min(1).max(200),
    answers: z.array(z.string().trim().min(1).max(80)).min(2).max(20),
    ordered: z.boolean(),
    /** A film cannot be signed without an answer. */
    required: z.boolean(),
  })
  .refine(
    ({ answers }) => new Set(answers).size === answers.length,
    'Two answers of a question are the same.',
  );
export type ReviewQuestion = z.infer<typeof reviewQuestion>;

export const reviewPlan = z.object({
  /** Findings that marks may carry. */
  findings: z.array(name).min(1).max(100),
  questions: z
    .array(reviewQuestion)
    .max(40)
    .refine(
      (list) => new Set(list.map(({ id }) => id)).size === list.length,
      'Two questions have the same id.',
    ),
  blinding: z.enum(MODEL_BLINDINGS),
  /** Whose findings are shown; null only when the model stays hidden. */
  runId: runId.nullable(),
  timed: z.boolean(),
  /** Decides each reader's order of films. */
  seed: z.number().int().min(0).max(0xffff_ffff),
});
export type ReviewPlan = z.infer<typeof reviewPlan>;

export const review = z.object({ id: reviewId, name, plan: reviewPlan, createdAt: timestampMs });
export type Review = z.infer<typeof review>;

/** A shape with what it is said to be. */
export const mark = z.object({ shape, finding: name, confidence });
export type Mark = z.infer<typeof mark>;

/** What a reader says to one finding of the model. An edited one has the mark that replaces it, by its shape's id. */
export const verdict = z
  .object({
    finding: name,
    verdict: z.enum(['accept', 'reject', 'edit']),
    shapeId: z.string().max(64).nullable(),
    note: z.string().max(2000),
  })
  .refine(({ verdict: said, shapeId }) => said === 'edit' || shapeId === null, 'Only an edit has a mark.');

/** Everything that one version says; the next one says everything again. */
export const readingContent = z.object({
  /** Question id → index of the answer. */
  answers: z.record(z.string().max(40), z.number().int().min(0).max(19)),
  marks: z
    .array(mark)
    .max(500)
    .refine(
      (list) => new Set(list.map(({ shape: { id } }) => id)).size === list.length,
      'Two marks have the same id.',
    ),
  verdicts: z
    .array(verdict)
    .max(200)
    .refine(
      (list) => new Set(list.map(({ finding }) => finding)).size === list.length,
      'A finding of the model has two verdicts.',
    ),
  note: z.string().max(10_000),
  /** Frames of the film that are key images. */
  keyFrames: z.array(z.number().int().min(0).max(100_000)).max(100),
  /** Time with the film open so far; null when the session is not timed. */
  seconds: z.number().min(0).nullable(),
});
export type ReadingContent = z.infer<typeof readingContent>;

export const readingVersion = z.object({
  /** Made by whoever writes it: the same version sent twice is kept once. */
  id: readingId,
  reviewId,
  readerId,
  filmId,
  /** From 1, in the order in which versions were kept, whatever the clock said. */
  number: z.number().int().min(1),
  stage: z.enum(READING_STAGES),
  content: readingContent,
  createdAt: timestampMs,
});
export type ReadingVersion = z.infer<typeof readingVersion>;

/** A version without what it says. */
export const versionStep = readingVersion.pick({ id: true, number: true, stage: true, createdAt: true });

/** A version of another site that does not follow on what was read here: kept beside it, and counts for nothing here. */
export const otherVersion = readingVersion.extend({
  /** Who signed the package that it came with; null = not known. */
  site: z.string().min(1).max(255).nullable().default(null),
});
export type OtherVersion = z.infer<typeof otherVersion>;

/** A film as the lists of a review name it. */
export const reviewFilm = z.object({
  name: z.string(),
  /** Short form of the keyed patient hash. */
  patient: z.string(),
  view: z.string().nullable(),
  rows: z.number().int(),
  cols: z.number().int(),
  frames: z.number().int(),
});
export type ReviewFilm = z.infer<typeof reviewFilm>;
