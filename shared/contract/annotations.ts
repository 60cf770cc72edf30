/** @file Contract of what is drawn on films in the reading room. Readings of reviews are kept apart (review-session.ts). */
import { z } from 'zod';

import { filmId, procedure, timestampMs } from './base.ts';
import { shapes } from './shape.ts';

const version = z.number().int().nonnegative();

export const annotation = z.object({
  shapes,
  /** Number of changes so far; 0 = never drawn on. */
  version,
  changedAt: timestampMs.nullable(),
});
export type Annotation = z.infer<typeof annotation>;

export const savedAnnotation = z.object({ version, changedAt: timestampMs });
export type SavedAnnotation = z.infer<typeof savedAnnotation>;

export const annotationsContract = {
  of: procedure.input(z.object({ filmId })).output(annotation),
  /**
   * Keeps all shapes of a film. `after` is the version that they follow: CONFLICT when another window was quicker. The same
   * change sent twice is kept once.
   */
  save: procedure.input(z.object({ filmId, shapes, after: version })).output(savedAnnotation),
};
