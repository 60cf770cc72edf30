/** @file Contract of studies: all systems of the paper planned, estimated, run as one queue, watched. Tables: evaluation. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { LABEL_SETS } from '../domain/findings.ts';
import { LABEL_RULES, METHODS, PRESETS, VIT_VARIANTS } from '../domain/recipe.ts';
import { CELL_STATES, STUDY_STATES } from '../domain/study.ts';
import { empty, labelVersionId, procedure, runId, splitId, studyId, timestampMs } from './base.ts';
import { estimate, inputSettings, lossPart, recipePart, resolution } from './training.ts';

const lowResolution = z.literal([112, 56, 28]);
const strictRecipe = recipePart.strict();
const cellKey = z.string().min(1).max(120);

export const studySystem = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .refine((name) => name !== 'teacher'),
  title: z.string().min(1).max(60),
  method: z.enum(METHODS).exclude(['teacher', 'pretrain']),
  loss: lossPart.strict().optional(),
});

/**
 * A study as a person plans it; also the file that the command line takes. What is left out is filled from the preset; a field
 * that nobody knows is refused, so that a slip of the pen is not a study of something else.
 */
export const studyPlan = z.strictObject({
  name: z.string().min(1).max(80).default('Study'),
  models: z.array(z.enum(VIT_VARIANTS)).min(1),
  systems: z.array(studySystem).min(1).max(40),
  resolutions: z.array(lowResolution).min(1),
  seeds: z.array(z.number().int().nonnegative()).min(1).max(100).default([1]),
  teachers: z.enum(['one', 'per-seed']).default('one'),
  /** Keys of cells that are not wanted. */
  without: z.array(cellKey).default([]),
  splitId: splitId.nullable().default(null),
  findings: z.array(z.string()).nullable().default(null),
  labelSet: z.enum(LABEL_SETS).default('own'),
  labelRule: z.enum(LABEL_RULES).nullable().default(null),
  labelVersionId: labelVersionId.nullable().default(null),
  t2Units: z.literal([1, 2]).nullable().default(null),
  classWeights: z.boolean().default(false),
  /** How the students' films become tokens. */
  input: inputSettings.partial().strict().default({}),
  preset: z.enum(PRESETS).default('robust'),
  recipe: strictRecipe.default({}),
  /** What the teacher's recipe has otherwise than the students'. */
  teacherRecipe: strictRecipe.default({}),
  loss: lossPart.strict().default({}),
  /** Start weights per model, as `init` of a run; a model that is not named starts at random. */
  init: z.partialRecord(z.enum(VIT_VARIANTS), z.string()).default({}),
});
export type StudyPlan = z.infer<typeof studyPlan>;

export const studyCell = z.object({
  key: cellKey,
  system: z.string(),
  title: z.string(),
  method: z.enum(METHODS),
  model: z.enum(VIT_VARIANTS),
  resolution,
  seed: z.number().int(),
  /** Key of the teacher's cell. */
  teacher: cellKey.nullable(),
  state: z.enum(CELL_STATES),
  runId: runId.nullable(),
  /** Done before this study by a run of the same configuration. */
  reused: z.boolean(),
  /** 0..1 of a running cell. */
  fraction: z.number(),
  /** What it took, or what it is expected to take; null = unknown. */
  seconds: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type StudyCell = z.infer<typeof studyCell>;

export const study = z.object({
  id: studyId,
  name: z.string(),
  state: z.enum(STUDY_STATES),
  createdAt: timestampMs,
  plan: studyPlan,
  /** In the order in which they are trained. */
  cells: z.array(studyCell),
  /** Key of the cell at work. */
  current: cellKey.nullable(),
  fraction: z.number(),
  etaSeconds: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Study = z.infer<typeof study>;

export const studyEstimate = z.object({
  cells: z.array(
    z.object({
      key: cellKey,
      seconds: z.number(),
      /** A finished run of the same configuration: nothing to do. */
      doneBy: runId.nullable(),
    }),
  ),
  /** Of the cells that are still to do. */
  seconds: z.number(),
  diskBytes: z.number(),
  /** Of the hungriest cell. */
  memoryBytes: z.number(),
  basis: z.string(),
  /** As of a run's estimate, for the model of the plan that gains least; null = not measured for all of them. */
  mixed: estimate.shape.mixed,
  /** Reasons why Start would be refused; empty = may start. */
  refusals: z.array(z.string()),
  warnings: z.array(z.string()),
});
export type StudyEstimate = z.infer<typeof studyEstimate>;

const one = z.object({ studyId });
const cell = z.object({ studyId, key: cellKey });

export const studiesContract = {
  estimate: procedure.input(studyPlan).output(studyEstimate),
  /** Rows first, then work. A plan that cannot work is refused before anything is trained. */
  start: procedure.input(studyPlan).output(one),
  list: procedure.input(empty).output(z.array(study)),
  /** The study now, then after every change, until the caller goes away. */
  watch: procedure.input(one).output(eventIterator(study)),
  /** The cell at work stops at a checkpoint. */
  pause: procedure.input(one).output(empty),
  resume: procedure.input(one).output(empty),
  /** Waiting cells in another order; students wait for their teacher all the same. */
  reorder: procedure.input(z.object({ studyId, keys: z.array(cellKey) })).output(empty),
  /** A cell is not wanted any more: one at work is cancelled, the next one begins. */
  leaveOut: procedure.input(cell).output(empty),
  /** A cell that was left out or failed is wanted (again). */
  takeIn: procedure.input(cell).output(empty),
  /** Forgets the study; its runs are kept. Refused while it is running. */
  remove: procedure.input(one).output(empty),
};
