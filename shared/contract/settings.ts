/** @file Contract of a library's part of a settings file: given out, and taken from one. */
import { z } from 'zod';

import { whyNotLibrarySettings, type LibrarySettings } from '../domain/library-settings.ts';

export const librarySettings = z.custom<LibrarySettings>().superRefine((value, context) => {
  const why = whyNotLibrarySettings(value);
  if (why !== null) context.addIssue({ code: 'custom', message: `The part “library” of the file ${why}.` });
});

/** What of it was taken. */
export const takenSettings = z.object({
  /** Null = the file does not say, or it was so before. */
  lockMinutes: z.number().int().nullable(),
  /** Operating points that are other ones now, and those that were so before. */
  set: z.number().int(),
  same: z.number().int(),
  /** Those that were left out: a model that is not here, or one that does not answer the task. In words, at most 20. */
  left: z.number().int(),
  why: z.array(z.string()),
});
export type TakenSettings = z.infer<typeof takenSettings>;
