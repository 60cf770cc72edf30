/** @file Contract of localisation: how well a run's maps agree with boxes that readers drew, beside a mean-box prior. */
import { z } from 'zod';

import { interval, part, runId, timestampMs } from './base.ts';
import { attentionMethod } from './inference.ts';

/** A map's figure, and that of the mean box of the training films used as a map; null = no training film has boxes. */
const besidePrior = z.object({ map: interval, prior: interval.nullable() });

const measures = {
  /** Share of films where the peak is in a box or within the tolerance of one. */
  pointing: besidePrior,
  /** Share of the map's mass inside the boxes. */
  energy: besidePrior,
  /** At the threshold that is best for the finding on these films: optimistic, for map and prior alike. */
  iou: besidePrior,
};

export const localisedFinding = z.object({
  name: z.string(),
  films: z.number().int(),
  boxes: z.number().int(),
  /** Training films whose boxes make the prior. */
  priorFilms: z.number().int(),
  /** Share of the peak at which the map is cut for the IoU. */
  threshold: z.number().nullable(),
  /** Fewer than 10 films. */
  unstable: z.boolean(),
  ...measures,
});
export type LocalisedFinding = z.infer<typeof localisedFinding>;

export const localisation = z.object({
  runId,
  part,
  method: attentionMethod,
  createdAt: timestampMs,
  /** Films with at least one box of a finding that the run knows. */
  films: z.number().int(),
  boxes: z.number().int(),
  /** Pixels at 224. */
  tolerance: z.number(),
  perFinding: z.array(localisedFinding),
  /** Means over the findings; the prior's is null unless every one of them has a prior. */
  macro: z.object({ findings: z.number().int(), ...measures }),
  notes: z.array(z.string()),
});
export type Localisation = z.infer<typeof localisation>;
