/** @file Contract of operating points that a reader set by hand in place of the one that was fitted on validation. */
import { z } from 'zod';

import type { Task } from '../domain/task.ts';
import { runId, timestampMs } from './base.ts';
import { readerToken } from './readers.ts';

/** `t2`, or `t1:` and the finding. */
export const task = z
  .string()
  .max(200)
  .regex(/^(t2|t1:.+)$/, 'A task is t2, or t1: and the finding.')
  .transform((value) => value as Task);

/** Who set it, when, in place of what. */
export const keptByHand = z.object({
  /** null = it came with a model from elsewhere, which does not tell who set it; `reason` is what its card says. */
  at: timestampMs.nullable(),
  by: z.string(),
  /** What validation had chosen then; null = nothing could be chosen. */
  fitted: z.number().nullable(),
  reason: z.string(),
});

export const keptThreshold = keptByHand.extend({ task: z.string(), threshold: z.number() });
export type KeptThreshold = z.infer<typeof keptThreshold>;

export const keepThresholdRequest = z.object({
  token: readerToken,
  runId,
  task,
  /** null = back to the fitted one. */
  threshold: z.number().min(0).max(1).nullable(),
  reason: z.string().trim().max(500).default(''),
});
