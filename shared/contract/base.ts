/** @file What every capability shares: the declared errors, ids, progress, intervals. */
import { oc } from '@orpc/contract';
import { z } from 'zod';

import { ERROR_CODES, type ErrorCode } from '../domain/service-error.ts';
import {
  ID_PATTERN,
  type DecisionId,
  type FilmId,
  type ImportId,
  type LabelVersionId,
  type ReaderId,
  type ReadingId,
  type ReviewId,
  type RunId,
  type SplitId,
  type StudyId,
} from '../domain/ids.ts';

const errorData = z.object({ detail: z.record(z.string(), z.unknown()) });

type DeclaredErrors = { readonly [Code in ErrorCode]: { readonly data: typeof errorData } };

/** Every expected error is declared; its message is the sentence a person reads. */
export const procedure = oc.errors(
  Object.fromEntries(ERROR_CODES.map((code) => [code, { data: errorData }])) as DeclaredErrors,
);

const id = z.string().max(64).regex(ID_PATTERN);
export const filmId = id.transform((value) => value as FilmId);
export const runId = id.transform((value) => value as RunId);
export const splitId = id.transform((value) => value as SplitId);
export const importId = id.transform((value) => value as ImportId);
export const studyId = id.transform((value) => value as StudyId);
export const readerId = id.transform((value) => value as ReaderId);
export const reviewId = id.transform((value) => value as ReviewId);
export const labelVersionId = id.transform((value) => value as LabelVersionId);
export const decisionId = id.transform((value) => value as DecisionId);
export const readingId = id.transform((value) => value as ReadingId);

export const empty = z.object({}).default({});

/** Milliseconds since 1970, UTC. */
export const timestampMs = z.number().int().nonnegative();

/** `value` null = undefined (a class is absent); `ci` 95 %. */
export const interval = z.object({
  value: z.number().nullable(),
  ci: z.tuple([z.number(), z.number()]).nullable(),
});
export type Interval = z.infer<typeof interval>;

/** One long action's progress. `etaSeconds` null while unknown. */
export const progress = z.object({
  phase: z.string(),
  done: z.number().int().nonnegative(),
  total: z.number().int().nonnegative().nullable(),
  etaSeconds: z.number().nonnegative().nullable(),
});
export type Progress = z.infer<typeof progress>;

export const part = z.enum(['train', 'validation', 'test']);
export type Part = z.infer<typeof part>;

/** A file that the library keeps. `path` is for a person to open; null where the library is encrypted, and `href` alone gives its content. */
export const keptFile = z.object({ href: z.string(), path: z.string().nullable(), sha256: z.string() });
