/** @file Contract of the database's copies: made by itself once a day, listed, looked at, gone back to. */
import { z } from 'zod';

import { empty, procedure, timestampMs } from './base.ts';

const count = z.number().int().nonnegative();

/** What a library or a copy of it holds. */
export const libraryContent = z.object({
  films: count,
  patients: count,
  runs: count,
  /** Versions of readings in reviews. */
  readings: count,
});

export const copyId = z.string().regex(/^(copy|replaced|before-v\d{1,6})-\d{1,16}$/);

export const libraryCopy = z.object({
  id: copyId,
  /** `daily`: made by itself or asked for; `replaced`: what was there before somebody went back; `updated`: before a new version of Chestlight changed the layout. */
  kind: z.enum(['daily', 'replaced', 'updated']),
  at: timestampMs,
  bytes: z.number(),
  content: libraryContent,
});
export type LibraryCopy = z.infer<typeof libraryCopy>;

export const copyPreview = z.object({
  copy: libraryCopy,
  /** In the library now and not in the copy: gone from sight after going back. */
  lost: z.object({ films: count, runs: count, readings: count }),
  /** Files that the copy points at and that are not on the disk any more, or not whole. */
  missing: z.object({
    films: count,
    weights: count,
    others: count,
    /** Files that were looked for. */
    of: count,
  }),
});
export type CopyPreview = z.infer<typeof copyPreview>;

export const copiesContract = {
  /** Newest first; and what the library holds now. */
  list: procedure.input(empty).output(z.object({ copies: z.array(libraryCopy), now: libraryContent })),
  /** What going back would mean. Reads the copy; changes nothing. */
  preview: procedure.input(z.object({ id: copyId })).output(copyPreview),
  make: procedure.input(empty).output(libraryCopy),
  /**
   * Goes back to a copy; what is there now is kept as a copy of its own. The library is closed and opened again: streams end, and
   * windows ask anew. BUSY while something is at work. An owner's affair where the library has readers.
   */
  restore: procedure
    .input(z.object({ id: copyId, token: z.string().max(200).nullable() }))
    .output(z.object({ at: timestampMs })),
};
