/** @file Scores from elsewhere: taken in by film, compared with a run that is here, or kept as those of an outside model. */
import { z } from 'zod';

import { interval, runId } from './base.ts';

const count = z.number().int().nonnegative();

export const outsideModelId = z
  .string()
  .max(64)
  .regex(/^outside-[0-9a-f]{16}$/);

export const takenScores = z.object({
  /** Name of the run that is here, or of the outside model. */
  model: z.string(),
  /** Set where the scores are of a run that is here: they were compared, nothing was kept. */
  runId: runId.nullable(),
  /** Set where they were kept. */
  modelId: outsideModelId.nullable(),
  findings: z.array(z.string()),
  /** Rows of films that are here. */
  films: count,
  /** Kept now. */
  added: count,
  /** Were here already, the same. */
  known: count,
  /** Of a run that is here: films whose scores are the same to the last bit as the run gives here. */
  same: count,
  /** The others, the furthest apart first; at most 1000. */
  differing: z.array(z.object({ film: z.string(), apart: z.number() })),
  /** What rows call films that are not here; at most 1000. */
  missing: z.array(z.string()),
  missingCount: count,
  /** Sessions that still have some of the films read without a model, and what that means for their scores. */
  notes: z.array(z.string()),
});
export type TakenScores = z.infer<typeof takenScores>;

/** A film's scores by one outside model. */
export const filmScores = z.object({
  modelId: outsideModelId,
  name: z.string(),
  source: z.string(),
  t2: z.number().nullable(),
  t1: z.array(z.object({ name: z.string(), score: z.number() })),
});
export type FilmScores = z.infer<typeof filmScores>;

const task = z.object({
  name: z.string(),
  n: count,
  positives: count,
  auroc: interval,
  unstable: z.boolean(),
});

/** An outside model against the library's labels, over all films that it scored. */
export const outsideModel = z.object({
  id: outsideModelId,
  name: z.string(),
  source: z.string(),
  films: count,
  patients: count,
  t1: interval.extend({ k: count, of: count }),
  t2: task,
  perFinding: z.array(task),
});
export type OutsideModel = z.infer<typeof outsideModel>;
