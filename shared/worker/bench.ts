/** @file What `bench` and the process that it measures say to each other: one JSON object a line. */
import { z } from 'zod';

import { PRECISIONS, VIT_VARIANTS } from '../domain/recipe.ts';

export const BENCH_WORK = ['train', 'distil', 'predict'] as const;
export type BenchWork = (typeof BENCH_WORK)[number];

/** The only argument of a measured process. */
export const benchSettings = z.object({
  what: z.enum(BENCH_WORK),
  model: z.enum(VIT_VARIANTS),
  batch: z.number().int().min(1).max(1024),
  microBatch: z.number().int().min(1).max(256),
  /** Our step computes again what lies inside a block, to save memory. */
  recompute: z.boolean(),
  /** Of our step. */
  precision: z.enum(PRECISIONS),
});
export type BenchSettings = z.infer<typeof benchSettings>;

/** First line: the process is ready for steps. */
export const benchReady = z.object({
  parameters: z.number().int(),
  version: z.string(),
  threads: z.number().int(),
  /** Ours alone says it. */
  device: z.enum(['cpu', 'gpu', 'wasm']).optional(),
});

/** Answer to each line that it reads: one step was made. */
export const benchStep = z.object({ ms: z.number().positive() });

/** Last line, after its input has ended: the most memory that it held, where the system says. */
export const benchEnd = z.object({ rssBytes: z.number().positive().nullable() });
