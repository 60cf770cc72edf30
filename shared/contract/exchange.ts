/** @file Contract of exchange: what leaves the library, checked by reading it back, and where it lies. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { EXPORT_KINDS, READ_CHOICES, TABLE_FORMATS } from '../domain/exchange.ts';
import { ID_PATTERN, type ExportId } from '../domain/ids.ts';
import { empty, procedure, progress, reviewId, runId, timestampMs } from './base.ts';
import { readerToken } from './readers.ts';

export const exportId = z
  .string()
  .max(64)
  .regex(ID_PATTERN)
  .transform((value) => value as ExportId);

/** Who asks; a session's reads leave only for an adjudicator or owner who has none of its films left to read. */
const asked = z.object({ token: readerToken.nullable().default(null) });

export const exportRequest = asked.extend({
  what: z.enum(EXPORT_KINDS),
  /** Of annotations and predictions. */
  format: z.enum(TABLE_FORMATS).default('csv'),
  /** null = every film of the library. */
  reviewId: reviewId.nullable().default(null),
  /** Whose scores; of predictions only. */
  runId: runId.nullable().default(null),
  /** Which signed read of a session's readers counts. */
  reads: z.enum(READ_CHOICES).default('last'),
  /** Folder of this computer in which a folder with the export is made; null = within the library. */
  folder: z.string().min(1).max(4096).nullable().default(null),
});
export type ExportRequest = z.infer<typeof exportRequest>;

export const exportRecord = z.object({
  id: exportId,
  what: z.enum(EXPORT_KINDS),
  format: z.enum(TABLE_FORMATS).nullable(),
  /** What it is of: a session's or run's name, or the library's. */
  title: z.string(),
  /** Absolute path of the folder that has the files. */
  folder: z.string(),
  films: z.number().int().nonnegative(),
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.number().int().nonnegative(),
      sha256: z.string(),
      /** Byte route of the file; null when it was saved outside of the library. */
      href: z.string().nullable(),
    }),
  ),
  /** What the format has no place for, and what was left out. */
  notes: z.array(z.string()),
  /** How it was checked, as a sentence. */
  check: z.string(),
  createdAt: timestampMs,
});
export type ExportRecord = z.infer<typeof exportRecord>;

export const exportEvent = z.object({
  seq: z.number().int(),
  exportId,
  state: z.enum(['running', 'finished', 'cancelled', 'failed']),
  progress,
  /** Set once it is done. */
  result: exportRecord.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ExportEvent = z.infer<typeof exportEvent>;

export const exchangeContract = {
  /** What there is to export from: sessions only for those who may take them out. */
  sources: procedure.input(asked.prefault({})).output(
    z.object({
      films: z.number().int(),
      reviews: z.array(
        z.object({
          id: reviewId,
          name: z.string(),
          films: z.number().int(),
          readers: z.number().int(),
          /** Reads that are signed, over all readers. */
          signed: z.number().int(),
        }),
      ),
      /** Finished runs that score. */
      runs: z.array(z.object({ id: runId, name: z.string() })),
    }),
  ),
  start: procedure.input(exportRequest).output(z.object({ exportId })),
  cancel: procedure.input(z.object({ exportId })).output(empty),
  /** The export at work, or the last one since the library was opened. */
  current: procedure.input(empty).output(exportEvent.nullable()),
  watch: procedure.input(z.object({ exportId })).output(eventIterator(exportEvent)),
  /** Newest first. */
  list: procedure.input(empty).output(z.array(exportRecord)),
  /** Deletes the files too, where they lie within the library. */
  remove: procedure.input(z.object({ exportId })).output(empty),
};
