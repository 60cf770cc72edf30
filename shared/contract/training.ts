/** @file Contract of training: plan, estimate, queue, live events of teacher and student runs. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { LABEL_SETS } from '../domain/findings.ts';
import {
  DISTILL_METHODS,
  PRECISIONS,
  FEATURE_POINTS,
  LABEL_RULES,
  METHODS,
  PAPER_INPUT,
  PRESETS,
  REDUCERS,
  RESOLUTIONS,
  START_NORMALISATIONS,
  TOKEN_MODES,
  UPSAMPLERS,
  VIT_VARIANTS,
} from '../domain/recipe.ts';
import { RUN_STATES } from '../domain/run-state.ts';
import { STEP_ENGINES, type StepsTaken } from '../domain/steps-taken.ts';
import { empty, interval, labelVersionId, procedure, runId, splitId, timestampMs } from './base.ts';

export const resolution = z.literal(RESOLUTIONS);
export const method = z.enum(METHODS);

export const lossSettings = z.object({
  alpha: z.number().min(0).max(100),
  beta: z.number().min(0).max(100),
  gamma: z.number().min(0).max(100),
  kdLoss: z.enum(['mse', 'hinton']),
  temperature: z.number().min(1).max(20),
  tokens: z.enum(['all', 'cls', 'patches']),
  featurePoint: z.enum(FEATURE_POINTS).default('block'),
  normaliseFeatures: z.boolean().default(false),
});

export const inputSettings = z.object({
  tokens: z.enum(TOKEN_MODES),
  reduce: z.enum(REDUCERS),
  upsample: z.enum(UPSAMPLERS),
});

/** Some of the loss settings: what is left out keeps the paper's value. */
export const lossPart = z
  .object({
    ...lossSettings.shape,
    featurePoint: z.enum(FEATURE_POINTS),
    normaliseFeatures: z.boolean(),
  })
  .partial();

export const recipe = z.object({
  preset: z.enum(PRESETS),
  epochs: z.number().int().min(1).max(1000),
  batch: z.number().int().min(1).max(1024),
  microBatch: z.number().int().min(1).max(256),
  /** Runs from before this choice kept everything. */
  recompute: z.boolean().default(false),
  precision: z.enum(PRECISIONS).default('single'),
  learningRate: z.number().positive().max(1),
  warmupEpochs: z.number().int().min(0).max(100),
  weightDecay: z.number().min(0).max(1),
  clipNorm: z.number().positive().nullable(),
  emaDecay: z.number().min(0).max(0.99999).nullable(),
  /** Runs from before had the whole decay from the first step. */
  emaWarmup: z.boolean().default(false),
  augment: z.boolean(),
  views: z.number().int().min(1).max(64),
  patience: z.number().int().min(1).nullable(),
});

/** Some of a recipe: what is left out is filled from the preset. */
export const recipePart = recipe
  .extend({ recompute: z.boolean(), precision: z.enum(PRECISIONS), emaWarmup: z.boolean() })
  .partial();

/** What a person asks for. Everything left out is filled from the preset and recorded whole with the run. */
export const runRequest = z.object({
  name: z.string().max(80).nullable().default(null),
  method,
  model: z.enum(VIT_VARIANTS),
  resolution,
  /** Required for distillation methods: a finished teacher with the same labels, split and preprocessing. */
  teacherRunId: runId.nullable().default(null),
  splitId: splitId.nullable().default(null).describe('null = newest split, made if there is none'),
  /** T1 outputs; null = those of `labelSet`. */
  findings: z.array(z.string()).nullable().default(null),
  /** Which findings T1 has when none are named. `own`: every one with known positives and negatives, "No finding" never. */
  labelSet: z.enum(LABEL_SETS).default('own'),
  /** Where films have several readers. Students follow their teacher. */
  labelRule: z.enum(LABEL_RULES).nullable().default(null),
  /** Labels of a review instead of the imported ones, where it has any. Students follow their teacher. */
  labelVersionId: labelVersionId.nullable().default(null),
  preset: z.enum(PRESETS).default('robust'),
  recipe: recipePart.default({}),
  loss: lossPart.default({}),
  input: inputSettings.partial().default({}),
  /** Outputs of the normal/abnormal head: 2 with one-hot BCE as in the paper, or 1. Students follow their teacher. */
  t2Units: z.literal([1, 2]).nullable().default(null),
  /** Weights each finding's positive films by negatives / positives of the training part, at most 10. */
  classWeights: z.boolean().default(false),
  seed: z.number().int().nonnegative().default(1),
  /** Path of a safetensors file to start from, an id of a bundled start, or null = random start. */
  init: z.string().nullable().default(null),
});
export type RunRequest = z.infer<typeof runRequest>;

/** The request with every default filled: stored with the run, hashed, never changed. */
export const runConfig = z.object({
  method,
  model: z.enum(VIT_VARIANTS),
  resolution,
  teacherRunId: runId.nullable(),
  splitId,
  /** None for pre-training alone. */
  findings: z.array(z.string()),
  recipe,
  loss: lossSettings,
  seed: z.number().int(),
  init: z.string().nullable(),
  /** SHA-256 of the start weights; null = random. */
  initSha256: z.string().nullable(),
  t2Units: z.literal([1, 2]),
  layerNormEpsilon: z.number(),
  normalisation: z.object({ mean: z.array(z.number()).length(3), std: z.array(z.number()).length(3) }),
  /** Version of the pixel pipeline that made the 224-px images. */
  preprocessing: z.string(),
  /** Runs of before the way to make a film small could be chosen had the paper's. */
  input: inputSettings.extend({ reduce: z.enum(REDUCERS).default(PAPER_INPUT.reduce) }).default(PAPER_INPUT),
  /** Weight of the positive part of each finding's BCE, in the order of `findings`; null = none. */
  positiveWeights: z.array(z.number().positive()).nullable().default(null),
  labelRule: z.enum(LABEL_RULES).default('majority'),
  /** null = as imported. */
  labelVersionId: labelVersionId.nullable().default(null),
});
export type RunConfig = z.infer<typeof runConfig>;

export const estimate = z.object({
  seconds: z.number(),
  memoryBytes: z.number(),
  diskBytes: z.number(),
  films: z.number().int(),
  steps: z.number().int(),
  /** How the figures came about: "measured on this machine" or "rule of thumb". */
  basis: z.string(),
  /** This machine is being measured: asked again in a few seconds, the figures are better. */
  measuring: z.boolean(),
  /** The mixed precision that suits this machine, and how many times as fast it trains the model; null = not measured. */
  mixed: z.object({ precision: z.enum(['mixed', 'mixed-f16']), gain: z.number() }).nullable(),
  /** Reasons why Start would be refused; empty = may start. */
  refusals: z.array(z.string()),
  warnings: z.array(z.string()),
});
export type Estimate = z.infer<typeof estimate>;

/** Weighted and raw loss terms, means over an epoch or step. `share` sums to 1 over the terms present. */
export const lossTerm = z.object({
  /** The last is of pre-training: masked pixels. */
  name: z.enum(['bceT1', 'bceT2', 'kdT1', 'kdT2', 'feature', 'pixels']),
  value: z.number(),
  share: z.number(),
});

export const epochRecord = z.object({
  epoch: z.number().int(),
  step: z.number().int(),
  loss: z.number(),
  terms: z.array(lossTerm),
  learningRate: z.number(),
  gradNorm: z.number().nullable(),
  validation: z.object({
    loss: z.number().nullable(),
    t1: z.number().nullable(),
    k: z.number().int(),
    of: z.number().int(),
    t2: z.number().nullable(),
  }),
  imagesPerSecond: z.number(),
  seconds: z.number(),
  /** Of `seconds`, what steps waited for their films; null in runs before it was measured. */
  waitedSeconds: z.number().nullable().default(null),
  rssBytes: z.number(),
});
export type EpochRecord = z.infer<typeof epochRecord>;

export const runProgress = z.object({
  phase: z.enum([
    'waiting',
    'loading',
    'knowledge',
    'compressing',
    'training',
    'validating',
    'evaluating',
    'done',
  ]),
  epoch: z.number().int(),
  epochs: z.number().int(),
  step: z.number().int(),
  steps: z.number().int(),
  /** 0..1 over the whole run. */
  fraction: z.number().min(0).max(1),
  loss: z.number().nullable(),
  imagesPerSecond: z.number().nullable(),
  rssBytes: z.number().nullable(),
  etaSeconds: z.number().nullable(),
});
export type RunProgress = z.infer<typeof runProgress>;

/** How a run's steps were really taken. */
export const stepsTaken = z.object({
  precision: z.enum(PRECISIONS),
  engine: z.enum(STEP_ENGINES),
  why: z.string().nullable(),
}) satisfies z.ZodType<StepsTaken>;

export const runSummary = z.object({
  id: runId,
  name: z.string(),
  method,
  model: z.enum(VIT_VARIANTS),
  resolution,
  teacherRunId: runId.nullable(),
  splitId,
  seed: z.number().int(),
  preset: z.enum(PRESETS),
  state: z.enum(RUN_STATES),
  createdAt: timestampMs,
  startedAt: timestampMs.nullable(),
  endedAt: timestampMs.nullable(),
  progress: runProgress,
  best: z
    .object({ epoch: z.number().int(), t1: z.number().nullable(), t2: z.number().nullable() })
    .nullable(),
  /** Held-back test part; null until evaluated. */
  test: z
    .object({ t1: interval.extend({ k: z.number().int(), of: z.number().int() }), t2: interval })
    .nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  device: z.string().nullable(),
  /** Came from elsewhere as a bundle: who signed it, and whether it was measured on films of this library. Null = trained here. */
  imported: z
    .object({ signer: z.string(), at: timestampMs, isMeasured: z.boolean() })
    .nullable()
    .default(null),
});
export type RunSummary = z.infer<typeof runSummary>;

export const runDetail = runSummary.extend({
  config: runConfig,
  configHash: z.string(),
  history: z.array(epochRecord),
  checkpoints: z.array(
    z.object({
      kind: z.enum(['last', 'best', 'final']),
      epoch: z.number().int(),
      step: z.number().int(),
      sha256: z.string(),
      bytes: z.number().int(),
      createdAt: timestampMs,
    }),
  ),
  /** Route of a PNG with the first training batch as the network sees it; null until made. */
  firstBatchHref: z.string().nullable(),
  /** Films at once that the run goes on with since memory ran out, computing again what it does not keep; null = as its recipe says. */
  easedTo: z.number().int().nullable().default(null),
  /** Null before the first step, and of runs from before it was kept. */
  steps: stepsTaken.nullable().default(null),
  /** What the training process had to say beside its figures, oldest first. */
  notes: z.array(z.string()).default([]),
  students: z.array(runId),
});
export type RunDetail = z.infer<typeof runDetail>;

/** A change of one run. `seq` rises by one per event over the whole library, so a reconnect asks for what it missed. */
export const runEvent = z.object({
  seq: z.number().int(),
  at: timestampMs,
  runId,
  /** Null when the run was removed. */
  run: runSummary.nullable(),
  /** Present when an epoch has just ended. */
  epoch: epochRecord.nullable(),
});
export type RunEvent = z.infer<typeof runEvent>;
/** A change of a run that is there. */
export type RunChange = RunEvent & { readonly run: RunSummary };

export const presetCard = z.object({
  preset: z.enum(PRESETS),
  title: z.string(),
  why: z.string(),
  recipe,
});

const one = z.object({ runId });

export const trainingContract = {
  presets: procedure.input(z.object({ model: z.enum(VIT_VARIANTS) })).output(z.array(presetCard)),
  /** Start weights that are at hand (imported, or learnt from this library) for a variant. */
  /** Keeps an uploaded safetensors file as a start of this library; the upload is gone afterwards. */
  importStart: procedure
    .input(
      z.object({
        uploadId: z.string().max(64),
        /** Its name within the upload. */
        file: z.string().min(1).max(255),
        /** Blank = what the file is known as, else its name. */
        title: z.string().trim().max(120).default(''),
        licence: z.string().trim().max(200).default(''),
        /** How the model wants its greys: as the file or its layout says, by 0.5, or as for ImageNet. */
        normalisation: z.enum(START_NORMALISATIONS).default('file'),
      }),
    )
    .output(z.object({ id: z.string(), model: z.enum(VIT_VARIANTS), layout: z.string() })),
  /** Refused for a start that comes with the app or that a run or study began with. */
  removeStart: procedure.input(z.object({ id: z.string().max(64) })).output(empty),
  starts: procedure.input(z.object({ model: z.enum(VIT_VARIANTS) })).output(
    z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        licence: z.string(),
        bytes: z.number(),
        /** Comes with the app. */
        bundled: z.boolean(),
        /** Who signed the file; null = nobody, or it comes with the app. */
        signer: z.object({ fingerprint: z.string(), isKnown: z.boolean() }).nullable(),
      }),
    ),
  ),
  estimate: procedure.input(runRequest).output(estimate),
  /** Puts the run into the queue: row first, then work. */
  start: procedure.input(runRequest).output(one),
  pause: procedure.input(one).output(empty),
  resume: procedure.input(one).output(empty),
  /** Ends training now, keeps the best checkpoint and evaluates it. */
  stopKeepBest: procedure.input(one).output(empty),
  cancel: procedure.input(one).output(empty),
  /** Deletes the run's files and rows; refused while active or while students depend on it. */
  remove: procedure.input(one).output(empty),
  rename: procedure.input(z.object({ runId, name: z.string().min(1).max(80) })).output(empty),
  runs: procedure.input(empty).output(z.array(runSummary)),
  run: procedure.input(one).output(runDetail),
  /** All runs' changes after `afterSeq` (0, or a number from another library's log = from now on), until the caller goes away. */
  watch: procedure.input(z.object({ afterSeq: z.number().int().default(0) })).output(eventIterator(runEvent)),
  /** Knowledge caches on disk: teacher outputs computed once, shared by its students. */
  /** Deletes a cache that no run needs now; it is computed again when a student needs it. */
  dropKnowledge: procedure.input(z.object({ key: z.string() })).output(empty),
  knowledge: procedure.input(empty).output(
    z.array(
      z.object({
        key: z.string(),
        teacherRunId: runId,
        feature: z.enum(['none', 'mean', 'last', 'blocks']),
        films: z.number().int(),
        views: z.number().int(),
        bytes: z.number(),
        complete: z.boolean(),
      }),
    ),
  ),
};

export const distillMethod = z.enum(DISTILL_METHODS);
