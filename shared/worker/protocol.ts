/**
 * @file Messages between the main process and its worker processes (training, inference). Both sides parse with these
 * schemas; `serialization: 'advanced'` keeps typed arrays. A worker never opens the database: it reads a plan file and
 * immutable artifacts, writes checkpoints and shards under the run's folder, and reports.
 */
import { z } from 'zod';

import { attentionMethod } from '../contract/inference.ts';
import { epochRecord, runConfig, runProgress, stepsTaken } from '../contract/training.ts';
import { FEATURE_POINTS } from '../domain/recipe.ts';

export const WORKER_PROTOCOL = 2;

/** What the files of an encrypted library are read and written with; null = it is plain. Messages only: never a plan, argument or log. */
export const libraryAccess = z
  .object({ root: z.string(), key: z.custom<Uint8Array>((value) => value instanceof Uint8Array) })
  .nullable();

/** `none` = the logits alone. */
const knowledgeFeature = z.enum(['none', 'mean', 'last', 'blocks']);

/** One film of a plan. `image` is the path of its 224×224 grey bytes (row-major, 50,176 bytes). */
export const planFilm = z.object({
  filmId: z.string(),
  patient: z.string(),
  part: z.enum(['train', 'validation', 'test']),
  image: z.string(),
  /** T1 targets in the order of `config.findings`; null = unknown, masked out. 0 or 1 but for training films read by several. */
  t1: z.array(z.number().min(0).max(1).nullable()),
  /** 1 = abnormal. */
  t2: z.number().min(0).max(1).nullable(),
});

/** Everything the training process needs, written as plan.json before the process starts. */
export const runPlan = z.object({
  protocol: z.literal(WORKER_PROTOCOL),
  runId: z.string(),
  config: runConfig,
  configHash: z.string(),
  films: z.array(planFilm),
  /** The run's folder: checkpoints, scores.json, first-batch.png are written here. */
  dir: z.string(),
  initPath: z.string().nullable(),
  teacher: z
    .object({ runId: z.string(), weightsPath: z.string(), weightsSha256: z.string(), config: runConfig })
    .nullable(),
  /** The teacher's answers that this run needs, each in a cache of its own that all students of the teacher share. */
  knowledge: z.array(
    z.object({ key: z.string(), dir: z.string(), feature: knowledgeFeature, point: z.enum(FEATURE_POINTS) }),
  ),
  /** Checkpoint to go on from; null = from the start. */
  resumeFrom: z.string().nullable(),
  /** Seconds between two `last` checkpoints at most; one is also written at every epoch's end. */
  checkpointEverySeconds: z.number().positive(),
});
export type RunPlan = z.infer<typeof runPlan>;
export type PlanFilm = z.infer<typeof planFilm>;

export const toTraining = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), planPath: z.string(), access: libraryAccess }),
  /** Finish the step, write a checkpoint, leave with `ended: paused`. */
  z.object({ type: z.literal('pause') }),
  /** Write a checkpoint after this step and go on: the computer is about to sleep. */
  z.object({ type: z.literal('checkpoint') }),
  z.object({ type: z.literal('stop-keep-best') }),
  z.object({ type: z.literal('cancel') }),
]);
export type ToTraining = z.infer<typeof toTraining>;

export const scoreRow = z.object({
  filmId: z.string(),
  part: z.enum(['validation', 'test']),
  t1: z.array(z.number()),
  t2: z.number(),
});

/** How far the run's training films reach in its feature space, or a sentence that says why that could not be fitted. */
export const likenessFit = z.object({
  weightsSha256: z.string(),
  trainFilms: z.number().int(),
  validationFilms: z.number().int(),
  outcome: z.discriminatedUnion('fitted', [
    z.object({
      fitted: z.literal(true),
      file: z.string(),
      sha256: z.string(),
      bytes: z.number().int(),
      limit: z.number(),
      quantile: z.number(),
    }),
    z.object({ fitted: z.literal(false), reason: z.string() }),
  ]),
});
export type LikenessFit = z.infer<typeof likenessFit>;

const seq = z.number().int().nonnegative();

export const fromTraining = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    seq,
    protocol: z.literal(WORKER_PROTOCOL),
    device: z.string(),
    threads: z.number().int(),
    tensorflow: z.string().nullable(),
    trainable: z.boolean(),
    reason: z.string().nullable(),
  }),
  z.object({ type: z.literal('heartbeat'), seq }),
  z.object({ type: z.literal('progress'), seq, progress: runProgress }),
  z.object({ type: z.literal('epoch'), seq, record: epochRecord }),
  z.object({
    type: z.literal('checkpoint'),
    seq,
    kind: z.enum(['last', 'best', 'final']),
    file: z.string(),
    sha256: z.string(),
    bytes: z.number().int(),
    epoch: z.number().int(),
    step: z.number().int(),
    metrics: z.object({ t1: z.number().nullable(), t2: z.number().nullable() }).nullable(),
  }),
  z.object({
    type: z.literal('knowledge'),
    seq,
    key: z.string(),
    feature: knowledgeFeature,
    films: z.number().int(),
    views: z.number().int(),
    bytes: z.number(),
    complete: z.boolean(),
  }),
  z.object({ type: z.literal('likeness'), seq, likeness: likenessFit }),
  z.object({ type: z.literal('first-batch'), seq, file: z.string() }),
  /** Before the first epoch's end; again where memory ran out, or the first way did not work. */
  z.object({ type: z.literal('steps'), seq, taken: stepsTaken }),
  z.object({ type: z.literal('log'), seq, level: z.enum(['info', 'warn', 'error']), message: z.string() }),
  z.object({
    type: z.literal('ended'),
    seq,
    how: z.enum(['finished', 'paused', 'cancelled']),
    /** Present when finished: probabilities of validation and test films by the best checkpoint. */
    scoresFile: z.string().nullable(),
  }),
  z.object({
    type: z.literal('failed'),
    seq,
    code: z.string(),
    message: z.string(),
    detail: z.record(z.string(), z.unknown()),
  }),
]);
export type FromTraining = z.infer<typeof fromTraining>;

export const attentionRequest = z.object({
  method: attentionMethod,
  head: z.number().int().nullable(),
  target: z.string().nullable(),
});

/** Films that are computed together at most: memory is for so many. */
export const MAX_FILMS_A_PREDICTION = 16;

export const toInference = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('predict'),
    request: z.number().int(),
    access: libraryAccess,
    config: runConfig,
    weightsPath: z.string(),
    weightsSha256: z.string(),
    /** 224×224 grey bytes each. */
    images: z.array(z.instanceof(Uint8Array)).min(1).max(MAX_FILMS_A_PREDICTION),
    attention: z.array(attentionRequest),
    /** Whether the features are wanted by which films are compared with the training films. */
    features: z.boolean(),
  }),
]);
export type ToInference = z.infer<typeof toInference>;

const filmPrediction = z.object({
  t1: z.array(z.number()),
  t2: z.number(),
  /** [F]; null unless wanted. */
  features: z.instanceof(Float32Array).nullable(),
  attention: z.array(
    z.object({
      method: attentionMethod,
      head: z.number().int().nullable(),
      target: z.string().nullable(),
      grid: z.number().int(),
      values: z.instanceof(Float32Array),
      peak: z.number(),
    }),
  ),
});

export const fromInference = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    protocol: z.literal(WORKER_PROTOCOL),
    backend: z.enum(['tensorflow', 'wasm']),
    device: z.enum(['gpu', 'cpu', 'wasm']),
    deviceName: z.string(),
    tensorflow: z.string().nullable(),
    threads: z.number().int(),
    trainable: z.boolean(),
    reason: z.string().nullable(),
  }),
  z.object({
    type: z.literal('prediction'),
    request: z.number().int(),
    /** In the order of the images. */
    films: z.array(filmPrediction),
    seconds: z.number(),
  }),
  z.object({ type: z.literal('failed'), request: z.number().int(), code: z.string(), message: z.string() }),
]);
export type FromInference = z.infer<typeof fromInference>;
