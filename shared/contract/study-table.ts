/** @file Schemas of a study's table: systems × models × resolutions with honest statistics, what is shown and what is not. */
import { z } from 'zod';

import { METHODS, VIT_VARIANTS } from '../domain/recipe.ts';
import { interval, runId, splitId, timestampMs } from './base.ts';
import { testedDifference } from './comparison.ts';
import { resolution } from './training.ts';

const model = z.enum(VIT_VARIANTS);
const task = z.enum(['t1', 't2']);
export type StudyTask = z.infer<typeof task>;

/** Name of a system: a row of the table within its model. `teacher` is the one at 224 px. */
export const systemName = z.string().min(1).max(120);

/** Which runs, and how they are called where a plan has named them; others are named by their settings. */
export const studyTableRequest = z.object({
  /** All finished runs of the newest one's split when empty. Runs that have no results yet stand as missing cells. */
  runIds: z.array(runId).max(2000).default([]),
  systems: z
    .array(z.object({ runId, name: systemName, title: z.string().min(1).max(200) }))
    .max(2000)
    .default([]),
  /** With the paper's own values, apart from these. */
  withPaper: z.boolean().default(false),
});
export type StudyTableRequest = z.infer<typeof studyTableRequest>;

/**
 * One task of one cell. `value`: AUROC, the mean over the seeds where there are several. `ci`: 95 % patient bootstrap of it,
 * the same draws of patients for every run.
 */
const measured = interval.extend({
  /** Standard deviation over seeds (n − 1); null with fewer than two. */
  sd: z.number().nullable(),
  /** The best of its column by a difference to every other system whose interval excludes 0: set in bold. */
  best: z.boolean(),
});

export const seedResult = z.object({
  runId,
  seed: z.number().int(),
  t1: interval,
  t2: interval,
});

/** What a model takes, whatever it learned. */
export const modelCost = z.object({
  parameters: z.number().int(),
  /** Multiply-accumulates of one film. */
  macs: z.number(),
  /** Of its weights file; null = not on record. */
  weightBytes: z.number().nullable(),
  /** One film at this resolution, 8-bit grey. */
  inputBytes: z.number().int(),
});

/** `done`: has results. `missing`: another system or model has this resolution. `none`: there is no such cell. */
export const CELL_STANDINGS = ['done', 'missing', 'none'] as const;

export const studyTableCell = z.object({
  model,
  system: systemName,
  resolution,
  standing: z.enum(CELL_STANDINGS),
  /** Why it is missing, in words. */
  reason: z.string().nullable(),
  seeds: z.array(seedResult),
  /** null unless `done`. */
  t1: measured
    .extend({
      k: z.number().int(),
      of: z.number().int(),
      /** Findings in the mean with fewer than 10 films of a class. */
      unstable: z.array(z.string()),
    })
    .nullable(),
  t2: measured.extend({ n: z.number().int(), positives: z.number().int(), unstable: z.boolean() }).nullable(),
  cost: modelCost.nullable(),
});
export type StudyTableCell = z.infer<typeof studyTableCell>;

export const studyTableSystem = z.object({
  name: systemName,
  title: z.string(),
  method: z.enum(METHODS),
});
export type StudyTableSystem = z.infer<typeof studyTableSystem>;

export const studyTableRow = z.object({
  model,
  system: systemName,
  /** One a resolution, in their order. */
  cells: z.array(studyTableCell),
});

/** What one column shows of one model and task. */
export const studyVerdict = z.object({
  model,
  resolution,
  task,
  /** Systems with a value. */
  systems: z.number().int(),
  /** Highest value, shown to be best or not; null where nothing is defined. */
  highest: systemName.nullable(),
  /** Shown to be best: its difference to every other system excludes 0. */
  best: systemName.nullable(),
  sentence: z.string(),
});
export type StudyVerdict = z.infer<typeof studyVerdict>;

/** `a` minus `b` in one cell and task: mean of the paired differences over the seeds that both have. */
export const studyDifference = z.object({
  model,
  resolution,
  a: systemName,
  b: systemName,
  task,
  /** Seeds that both have. */
  seeds: z.array(z.number().int()),
  difference: testedDifference,
  /** Standard deviation over seeds of the difference; null with fewer than two. */
  sd: z.number().nullable(),
  /** p by Holm over the `over` differences of its family; null = not tested. */
  holm: z.number().nullable(),
  over: z.number().int(),
  /** Why there is none. */
  reason: z.string().nullable(),
});
export type StudyDifference = z.infer<typeof studyDifference>;

export const studyTableRun = z.object({
  runId,
  name: z.string(),
  system: systemName,
  model,
  resolution,
  seed: z.number().int(),
  teacherRunId: runId.nullable(),
  device: z.string().nullable(),
  /** Recipe, loss and input in words, what is not the paper's first. */
  settings: z.array(z.string()),
  /** SHA-256 of the whole configuration, of the weights and of the start weights (null = random). */
  configHash: z.string(),
  weightsSha256: z.string().nullable(),
  initSha256: z.string().nullable(),
});

/** One value of the paper's tables. */
export const paperValue = z.object({
  table: z.literal([1, 2]),
  model,
  system: systemName,
  resolution,
  task,
  value: z.number(),
  /** Equal in two rows of the paper: likely a slip there. */
  doubted: z.boolean(),
});

export const STUDY_TABLE_VERSION = 1;

export const studyTable = z.object({
  format: z.literal('chestlight-study-table'),
  version: z.literal(STUDY_TABLE_VERSION),
  madeAt: timestampMs,
  app: z.string(),
  part: z.literal('test'),
  split: z.object({ id: splitId, name: z.string(), seed: z.number().int() }),
  films: z.number().int(),
  patients: z.number().int(),
  /** Of all runs, in the order of the first. */
  findings: z.array(z.string()),
  models: z.array(model),
  resolutions: z.array(resolution),
  systems: z.array(studyTableSystem),
  rows: z.array(studyTableRow),
  /** T1 is a mean over other findings in some cells than in others: those cannot be held against each other. */
  kDiffers: z.boolean(),
  verdicts: z.array(studyVerdict),
  differences: z.array(studyDifference),
  /** What Holm's correction counts as one family, in words. */
  family: z.string(),
  bootstrap: z.object({ resamples: z.number().int(), seed: z.number().int(), unit: z.literal('patient') }),
  runs: z.array(studyTableRun),
  /** Plain sentences: what is shown and what is not, what to beware of. */
  notes: z.array(z.string()),
  sources: z.array(z.object({ source: z.string(), licence: z.string(), films: z.number().int() })),
  /** Values of the paper, on other films: never ours. */
  paper: z.object({ label: z.string(), citation: z.string(), values: z.array(paperValue) }).nullable(),
});
export type StudyTable = z.infer<typeof studyTable>;

export const STUDY_FORMATS = ['html', 'csv', 'json', 'latex'] as const;
export type StudyFormat = (typeof STUDY_FORMATS)[number];
