/** @file Scores that tell neither class with confidence. */
import { z } from 'zod';

/**
 * From `from` to below `to`: few positives have a score below it, few negatives one from `to` on. Empty where `from` is not below
 * `to`: the two classes lie apart.
 */
export const uncertainBand = z.object({
  from: z.number(),
  to: z.number(),
  /** How it was chosen, as a part of a sentence. */
  rule: z.string(),
});
export type UncertainBand = z.infer<typeof uncertainBand>;
