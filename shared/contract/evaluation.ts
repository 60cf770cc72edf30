/** @file Contract of evaluation: metrics with intervals on a part, the results table, the report. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { METHODS, VIT_VARIANTS } from '../domain/recipe.ts';
import { empty, filmId, interval, keptFile, part, procedure, runId, splitId, timestampMs } from './base.ts';
import { keepThresholdRequest, keptThreshold } from './kept-threshold.ts';
import { comparison } from './comparison.ts';
import { STUDY_FORMATS, studyTable, studyTableRequest } from './study-table.ts';
import { attentionMethod } from './inference.ts';
import { localisation } from './localisation.ts';
import { outsideModel } from './outside-scores.ts';
import { resolution } from './training.ts';
import { uncertainBand } from './uncertain-band.ts';

export const curvePoint = z.object({ x: z.number(), y: z.number(), threshold: z.number().nullable() });

export const operatingPoint = z.object({
  threshold: z.number(),
  /** How it was chosen, on which part, e.g. "Youden's J on validation". */
  rule: z.string(),
  tp: z.number().int(),
  fp: z.number().int(),
  tn: z.number().int(),
  fn: z.number().int(),
  sensitivity: interval,
  specificity: interval,
  ppv: interval,
  npv: interval,
});

/** The highest threshold with at least this sensitivity (0…1) on validation. */
const sensitivityPoint = operatingPoint.extend({ target: z.number() });

/** One binary task: a finding, or "abnormal" (T2). */
export const taskMetrics = z.object({
  name: z.string(),
  n: z.number().int(),
  positives: z.number().int(),
  auroc: interval,
  averagePrecision: z.number().nullable(),
  brier: z.number().nullable(),
  ece: z.number().nullable(),
  /** Fewer than 10 positives (or negatives). */
  unstable: z.boolean(),
  /** Fitted: on validation here, or where a model from elsewhere was made. What somebody set by hand counts before it. */
  operatingPoint: operatingPoint.nullable(),
  /** Of a model from elsewhere: what validation would choose here; counts nowhere. Null for every other run. */
  fittedHere: operatingPoint.nullable().default(null),
  /** For fixed sensitivities; none where a class is absent on validation, and in results of older versions. */
  sensitivityPoints: z.array(sensitivityPoint).default([]),
  /** Chosen on validation; null where a class is absent there, and in results of older versions. */
  uncertainBand: uncertainBand.nullable().default(null),
  roc: z.array(curvePoint),
  pr: z.array(curvePoint),
  /** Reliability diagram, equal-mass bins. */
  calibration: z.array(z.object({ predicted: z.number(), observed: z.number(), n: z.number().int() })),
});
export type TaskMetrics = z.infer<typeof taskMetrics>;

const beforeAfter = z.object({ before: z.number(), after: z.number() });

/** One temperature for a head, fitted on validation. ECE and Brier on the part evaluated: means over the head's tasks. */
export const headScaling = z.object({
  temperature: z.number().positive(),
  /** Known labels on validation that it was fitted on. */
  fittedOn: z.number().int(),
  ece: beforeAfter,
  brier: beforeAfter,
});
export type HeadScaling = z.infer<typeof headScaling>;

export const evaluation = z.object({
  runId,
  part,
  createdAt: timestampMs,
  films: z.number().int(),
  patients: z.number().int(),
  /** Macro AUROC over the k of `of` findings that have both classes; patient bootstrap. */
  t1: interval.extend({ k: z.number().int(), of: z.number().int() }),
  perFinding: z.array(taskMetrics),
  t2: taskMetrics,
  /** Null where validation lacks a class or the part has no label, and in results of older versions. No AUROC changes by it. */
  temperature: z
    .object({ t1: headScaling.nullable(), t2: headScaling.nullable() })
    .default({ t1: null, t2: null }),
  bootstrap: z.object({ resamples: z.number().int(), seed: z.number().int(), unit: z.literal('patient') }),
  /** Plain sentences: what does not hold, what to beware of. */
  notes: z.array(z.string()),
});
export type Evaluation = z.infer<typeof evaluation>;

export const caseRow = z.object({
  filmId,
  name: z.string(),
  abnormal: z.boolean().nullable(),
  t2: z.number(),
  /** |label − score|, or |teacher − student| for disagreement lists. */
  gap: z.number(),
});

export const resultRow = z.object({
  runId,
  name: z.string(),
  method: z.enum(METHODS),
  model: z.enum(VIT_VARIANTS),
  resolution,
  seed: z.number().int(),
  teacherRunId: runId.nullable(),
  t1: interval.extend({ k: z.number().int(), of: z.number().int() }),
  t2: interval,
  /** Paired patient bootstrap against the no-KD student of the same model, resolution, split and seed; null = none. */
  differenceToNone: z.object({ t1: interval, t2: interval }).nullable(),
});
export type ResultRow = z.infer<typeof resultRow>;

export const report = keptFile;

export const evaluationContract = {
  /**
   * Scores validation and test films of a split (null = the newest) by a model from elsewhere, telling each film; then its figures are
   * there like any run's. Films that it has scored before are not scored again.
   */
  measure: procedure
    .input(z.object({ runId, splitId: splitId.nullable().default(null) }))
    .output(eventIterator(z.object({ done: z.number().int(), total: z.number().int() }))),
  /** Outside models against the library's labels, over all films that they scored. */
  outside: procedure.input(empty).output(z.array(outsideModel)),
  table: procedure.input(empty).output(z.array(resultRow)),
  run: procedure.input(z.object({ runId, part: part.default('test') })).output(evaluation),
  /** `a` minus `b` on the same films of a part. Refused where films, labels or findings differ. */
  compare: procedure.input(z.object({ a: runId, b: runId, part: part.default('test') })).output(comparison),
  /** A run's maps against the boxes that readers drew; takes as long as its maps need to be made. */
  localisation: procedure
    .input(z.object({ runId, method: attentionMethod.default('relevance'), part: part.default('test') }))
    .output(localisation),
  cases: procedure
    .input(
      z.object({
        runId,
        kind: z.enum(['best', 'worst', 'disagreed']),
        limit: z.number().int().min(1).max(100).default(12),
      }),
    )
    .output(z.array(caseRow)),
  /** Operating points of a run that were set by hand and are in force. */
  thresholds: procedure.input(z.object({ runId })).output(z.array(keptThreshold)),
  /** Sets one by hand, or goes back to the fitted one; adjudicators and owners. Answers with those in force then. */
  keepThreshold: procedure.input(keepThresholdRequest).output(z.array(keptThreshold)),
  /** Writes a self-contained HTML report of these runs (all finished ones when empty). */
  report: procedure.input(z.object({ runIds: z.array(runId).default([]) })).output(report),
  /** Refused where the runs belong to different splits, or were scored on different films. */
  studyTable: procedure.input(studyTableRequest).output(studyTable),
  /** Writes the study's table as a page, CSV, JSON or LaTeX. */
  exportStudy: procedure
    .input(studyTableRequest.extend({ format: z.enum(STUDY_FORMATS).default('html') }))
    .output(report),
};
