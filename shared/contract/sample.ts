/** @file Contract of the sample study: the sample films from import to report in one go. Studies of one's own: study.ts. */
import { z } from 'zod';

import { empty, procedure, runId, studyId } from './base.ts';
import { report } from './evaluation.ts';

export const sampleProgress = z.object({
  id: studyId,
  state: z.enum(['running', 'finished', 'failed', 'cancelled', 'paused']),
  step: z.enum(['import', 'split', 'runs', 'overlays', 'report', 'done']),
  runIds: z.array(runId),
  /** 0..1 over everything. */
  fraction: z.number(),
  etaSeconds: z.number().nullable(),
  report: report.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type SampleProgress = z.infer<typeof sampleProgress>;

export const sampleContract = {
  /** Sample library (imported if the library is empty) → teacher 224 → no-KD 28 → MLCAK 28 → evaluation → report. */
  run: procedure.input(empty).output(z.object({ studyId })),
  current: procedure.input(empty).output(sampleProgress.nullable()),
  cancel: procedure.input(z.object({ studyId })).output(empty),
};
