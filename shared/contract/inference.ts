/** @file Contract of inference: scores of one film from one run, with attention grids. */
import { z } from 'zod';

import { filmId, procedure, runId } from './base.ts';

export const ATTENTION_METHODS = ['last', 'rollout', 'relevance'] as const;
export const attentionMethod = z.enum(ATTENTION_METHODS);
export type AttentionMethod = z.infer<typeof attentionMethod>;

export const attentionMap = z.object({
  method: attentionMethod,
  /** Head number from 0, or null = mean over heads (rollout and relevance have no heads). */
  head: z.number().int().nullable(),
  /** What the map explains: null = class-agnostic (last, rollout), else the finding or "abnormal". */
  target: z.string().nullable(),
  /** Cells a side; row-major `values` [grid·grid], scaled so that the largest is 1. */
  grid: z.number().int(),
  values: z.array(z.number()),
  /** Largest value before scaling. */
  peak: z.number(),
});
export type AttentionMap = z.infer<typeof attentionMap>;

export const scored = z.object({
  name: z.string(),
  /** Probability 0..1 (sigmoid; T2: σ((z_abn − z_nor)/2)). */
  score: z.number(),
  /** Threshold chosen on validation for this run; null = none could be chosen. */
  threshold: z.number().nullable(),
  /** Within the band around the threshold where the model is unsure. */
  uncertain: z.boolean(),
});

export const prediction = z.object({
  runId,
  filmId,
  runName: z.string(),
  resolution: z.number().int(),
  t2: scored,
  t1: z.array(scored),
  attention: z.array(attentionMap),
  /** What the network saw: PNG of its input at its own resolution. */
  inputHref: z.string(),
  seconds: z.number(),
  cached: z.boolean(),
});
export type Prediction = z.infer<typeof prediction>;

export const inferenceContract = {
  predict: procedure
    .input(
      z.object({
        runId,
        filmId,
        attention: z
          .array(
            z.object({
              method: attentionMethod,
              head: z.number().int().nullable().default(null),
              target: z.string().nullable().default(null),
            }),
          )
          .max(16)
          .default([{ method: 'last', head: null, target: null }]),
      }),
    )
    .output(prediction),
};
