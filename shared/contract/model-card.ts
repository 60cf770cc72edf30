/** @file A model's card: what it is, how films are prepared for it, how well it did, what it learned from. No patient, no film, no path. */
import { z } from 'zod';

import {
  LABEL_RULES,
  METHODS,
  PRESETS,
  REDUCERS,
  TOKEN_MODES,
  UPSAMPLERS,
  VIT_VARIANTS,
} from '../domain/recipe.ts';
import { interval, runId, timestampMs } from './base.ts';
import { resolution } from './training.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const words = z.string().max(2000);
const name = z.string().min(1).max(200);
const three = z.array(z.number()).length(3);

const task = z.strictObject({
  name,
  n: count,
  positives: count,
  auroc: interval,
  averagePrecision: z.number().nullable(),
  brier: z.number().nullable(),
  ece: z.number().nullable(),
  /** Fewer than 10 positives or negatives. */
  unstable: z.boolean(),
});

const partCounts = z.strictObject({ films: count, patients: count, abnormal: count, normal: count });

/** Where a score is called positive. `fitted`: chosen on validation films; `kept`: set by a person. `abnormal` is T2. */
export const cardThreshold = z.strictObject({
  name,
  kind: z.enum(['fitted', 'kept']),
  threshold: z.number().min(0).max(1),
  rule: words,
  /** Where the model is unsure around a fitted one; cards of before have none, and where a class was absent there is none. */
  band: z.strictObject({ from: z.number(), to: z.number(), rule: words }).optional(),
});
export type CardThreshold = z.infer<typeof cardThreshold>;

export const modelCard = z.strictObject({
  version: z.literal(1),
  model: z.strictObject({
    runId,
    name: z.string().min(1).max(80),
    method: z.enum(METHODS),
    variant: z.enum(VIT_VARIANTS),
    resolution,
    parameters: count,
    /** Side of the input and of a patch, pixels. */
    imageSize: count,
    patch: count,
    t2Units: z.literal([1, 2]),
    weightsSha256: hash,
    weightsBytes: count,
  }),
  preprocessing: z.strictObject({
    /** Version of everything between a film's bytes and its 224-pixel image. */
    pipeline: z.string().max(80),
    side: z.literal(224),
    reduce: z.enum(REDUCERS),
    upsample: z.enum(UPSAMPLERS),
    tokens: z.enum(TOKEN_MODES),
    normalisation: z.strictObject({ mean: three, std: three }),
  }),
  findings: z.array(name).min(1).max(500),
  thresholds: z.array(cardThreshold).max(2000),
  /**
   * What the bundle carries to tell which films are unlike the training films: `quantile` (0…1) of films like the validation films
   * are nearer than `limit`, a distance in the model's feature space. null = nothing; cards of before have none.
   */
  likeness: z
    .strictObject({
      limit: z.number().nonnegative(),
      quantile: z.number().min(0).max(1),
      trainFilms: count,
      validationFilms: count,
    })
    .nullable()
    .default(null),
  /** On the test films of where it was trained; null = none are kept there. */
  metrics: z
    .strictObject({
      films: count,
      patients: count,
      t1: interval.extend({ k: count, of: count }),
      t2: task,
      perFinding: z.array(task).max(500),
      bootstrap: z.strictObject({ resamples: count, seed: z.number().int(), unit: z.literal('patient') }),
      notes: z.array(words).max(200),
    })
    .nullable(),
  training: z.strictObject({
    trainedAt: timestampMs,
    app: z.string().max(40),
    preset: z.enum(PRESETS),
    epochs: count,
    seed: z.number().int(),
    labelRule: z.enum(LABEL_RULES),
    /** Labels of a review took the place of imported ones. */
    reviewedLabels: z.boolean(),
    parts: z.strictObject({ train: partCounts, validation: partCounts, test: partCounts }),
    sources: z.array(z.strictObject({ source: words, licence: words, films: count })).max(500),
    start: z.strictObject({ title: words, licence: words, sha256: hash.nullable() }).nullable(),
    teacher: z.strictObject({ runId, name: z.string().max(80), weightsSha256: hash.nullable() }).nullable(),
  }),
  licences: z.array(z.strictObject({ what: words, licence: words })).max(500),
  /** What it is for, and what not. */
  notes: z.array(words).max(50),
});
export type ModelCard = z.infer<typeof modelCard>;

export const cardTask = task;
