/**
 * @file What a process that is measured is asked and says: ours by messages, PyTorch's by one JSON object a line. It gets its
 * settings, says that it is ready, makes one step for every question, and tells at its end what memory it held.
 */
import { z } from 'zod';

import { PRECISIONS, TOKEN_MODES, VIT_VARIANTS } from '../domain/recipe.ts';
import { STEP_ENGINES } from '../domain/steps-taken.ts';

/** `predict` is of one film, `predict-batch` of a whole batch. */
export const BENCH_WORK = ['train', 'distil', 'predict', 'predict-batch'] as const;
export type BenchWork = (typeof BENCH_WORK)[number];

export const benchSettings = z.object({
  what: z.enum(BENCH_WORK),
  model: z.enum(VIT_VARIANTS),
  batch: z.number().int().min(1).max(1024),
  microBatch: z.number().int().min(1).max(256),
  /** In the set that batches are taken from, at least one batch. */
  films: z.number().int().min(1).max(100_000),
  /** Our step computes again what lies inside a block, to save memory. */
  recompute: z.boolean(),
  /** Of our step. */
  precision: z.enum(PRECISIONS),
  /** Of the student of the distil step. */
  tokens: z.enum(TOKEN_MODES),
});
export type BenchSettings = z.infer<typeof benchSettings>;

/** What our measured process is asked: to begin, once; a step; what it holds at the end; to leave. */
export const toBench = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin'), settings: benchSettings }),
  z.object({ type: z.literal('step') }),
  z.object({ type: z.literal('end') }),
  z.object({ type: z.literal('leave') }),
]);
export type ToBench = z.infer<typeof toBench>;

/** First answer: the process is ready for steps. */
export const benchReady = z.object({
  parameters: z.number().int(),
  version: z.string(),
  threads: z.number().int(),
  /** Ours alone says it. */
  device: z.enum(['cpu', 'gpu', 'wasm']).optional(),
});

export type BenchReady = z.infer<typeof benchReady>;

/** One step was made. */
export const benchStep = z.object({ ms: z.number().positive() });
export type BenchStep = z.infer<typeof benchStep>;

/** Last answer: what memory it held, where the system says. */
export const benchEnd = z.object({
  /** The most that was resident. */
  rssBytes: z.number().positive().nullable(),
  /** As what our training steps ran; others, and predictions, do not say it. */
  steps: z.object({ precision: z.enum(PRECISIONS), engine: z.enum(STEP_ENGINES) }).nullish(),
});
export type BenchEnd = z.infer<typeof benchEnd>;
