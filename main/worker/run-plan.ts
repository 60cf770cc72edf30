/** @file Carries out a plan: films, start weights or checkpoint, epochs, final weights, scores of the held-back films. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { FromTraining, RunPlan, scoreRow } from '../../shared/worker/protocol.ts';
import type { z } from 'zod';
import { viewSettings } from '../numeric/augment/views.ts';
import { isTaught } from '../numeric/methods/needs.ts';
import { disposeParameters } from '../numeric/vit/parameters.ts';
import { writeFileAtomic } from '../files/atomic-write.ts';
import { learningRateAt } from '../numeric/optim/schedule.ts';
import { TrainState } from '../numeric/train/train-state.ts';
import { vitConfig, type VitConfig } from '../numeric/vit/config.ts';
import { initParameters } from '../numeric/vit/init.ts';
import type { Weights } from '../numeric/vit/parameters.ts';
import { importWeights, startFrom } from '../numeric/weights/import-weights.ts';
import { BEST_FILE, FINAL_FILE, saveWeights } from './best-weights.ts';
import { restoreNewest, type RestoredCheckpoint } from './checkpoint.ts';
import { FilmSet } from './film-set.ts';
import { writeFirstBatch } from './first-batch.ts';
import { buildKnowledge, knowledgeReader, type KnowledgeSettings } from './knowledge-cache.ts';
import { ModelCache } from './model-cache.ts';
import { recoverBest } from './recover-best.ts';
import { RunReporter } from './run-reporter.ts';
import { scoreFilms } from './score-films.ts';
import { trainRun, type TrainOutcome, type TrainRun, type Wish } from './train-run.ts';

type Unnumbered<Message> = Message extends { readonly seq: number } ? Omit<Message, 'seq'> : never;
export type Report = Unnumbered<FromTraining>;
type ScoreRow = z.infer<typeof scoreRow>;

export const SCORES_FILE = 'scores.json';

export interface RunHost {
  readonly send: (report: Report) => void;
  /** Lets messages in; awaited between micro-batches. */
  readonly between: () => Promise<void>;
  readonly wish: () => Wish;
  /** Milliseconds, rising. */
  readonly now: () => number;
}

/** @throws FilmSetError, CheckpointError, WeightsError, NotFiniteError, ServiceError */
export async function runPlanned(plan: RunPlan, host: RunHost): Promise<void> {
  const { config } = plan;
  const { weights, vit } = await startWeights(plan);
  const films = await FilmSet.load(plan.films, config.findings.length, vit.imageSize);
  const train = films.part('train');
  if (train.length === 0) throw new ServiceError('SPLIT_IMPOSSIBLE', 'The split has no film to train on.');
  await mkdir(plan.dir, { recursive: true });
  host.send({ type: 'first-batch', file: await writeFirstBatch(plan.dir, films, config) });
  const state = new TrainState(vit, weights, { ema: config.recipe.emaDecay !== null });
  const knowledge = await prepareKnowledge(plan, host, films, train);
  if (knowledge === 'stopped') {
    state.dispose();
    const how = host.wish() === 'pause' ? 'paused' : 'cancelled';
    host.send({ type: 'ended', how, scoresFile: null });
    return;
  }
  const outcome = await trainPlanned(plan, host, state, films, knowledge);
  state.dispose();
  if (outcome.how === 'finished') await finish(plan, host, vit, films, outcome);
  else host.send({ type: 'ended', how: outcome.how, scoresFile: null });
}

async function readStart(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The start weights ${path} cannot be read. Put the file back or make a new run.`,
    );
  }
}

async function startWeights(plan: RunPlan): Promise<{ weights: Weights; vit: VitConfig }> {
  const { model, findings, t2Units, layerNormEpsilon, seed, initSha256 } = plan.config;
  const vit = vitConfig(model, { t1Units: findings.length, t2Units, layerNormEpsilon });
  if (plan.initPath === null) return { weights: initParameters(vit, seed), vit };
  const bytes = await readStart(plan.initPath);
  if (initSha256 !== null && createHash('sha256').update(bytes).digest('hex') !== initSha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The start weights have changed since this run was made. Nothing was trained; make a new run.',
    );
  }
  const { weights, config } = startFrom(importWeights(bytes), vit, seed);
  return { weights, vit: config };
}

/** The cached teacher outputs, computed where missing; null for runs without a teacher. */
async function prepareKnowledge(
  plan: RunPlan,
  host: RunHost,
  films: FilmSet,
  train: Uint32Array,
): Promise<TrainRun['teacher'] | 'stopped'> {
  const { teacher, knowledge, config } = plan;
  if (isTaught(config.method) !== (teacher !== null && knowledge !== null)) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `The method ${config.method} and the teacher of this run do not agree.`,
    );
  }
  if (teacher === null || knowledge === null) return null;
  const { weightsPath, weightsSha256 } = teacher;
  const model = await new ModelCache().load(weightsPath, weightsSha256, config.findings.length);
  const { recipe, seed } = config;
  const settings: KnowledgeSettings = {
    dir: knowledge.dir,
    key: knowledge.key,
    kind: knowledge.feature,
    views: recipe.augment ? recipe.views : 1,
    view: recipe.augment ? (film, view) => viewSettings(seed, view, film, films.size) : null,
    batch: recipe.microBatch,
    resolution: teacher.config.resolution,
  };
  const complete = await buildKnowledge(model, films, train, settings, {
    between: host.between,
    goOn: () => host.wish() === 'go on' || host.wish() === 'stop and keep best',
    onShard: (size) => host.send({ type: 'knowledge', key: knowledge.key, ...size }),
  });
  disposeParameters(model.parameters); // the teacher is not needed any more: its answers are on disk
  return complete ? knowledgeReader(model, train, settings) : 'stopped';
}

function warn(host: RunHost, message: string): void {
  host.send({ type: 'log', level: 'warn', message });
}

/** Writes the weights that the state evaluates as those of the best epoch, and tells. @throws ServiceError DISK_FULL */
async function keepBest(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  { epoch, validation }: Omit<NonNullable<TrainOutcome['best']>, 'weights'>,
  step: number,
): Promise<void> {
  const { configHash, dir, config } = plan;
  const { normalisation, findings } = config;
  const model = { config: state.config, normalisation, findings };
  const note = { epoch, configHash, validation };
  const saved = await saveWeights(dir, BEST_FILE, state.evaluatedWeights(), model, note);
  const metrics = { t1: validation.t1.value, t2: validation.t2 };
  host.send({ type: 'checkpoint', kind: 'best', ...saved, epoch, step, metrics });
}

/** The best epoch before the checkpoint that the run goes on from; null when none had ended. */
async function resumedBest(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  films: FilmSet,
  { position }: RestoredCheckpoint,
): Promise<TrainOutcome['best']> {
  const { dir, configHash, config } = plan;
  const { best, lost } = await recoverBest({
    dir,
    configHash,
    state,
    position,
    films,
    normalisation: config.normalisation,
    resolution: config.resolution,
    batch: config.recipe.microBatch,
    between: host.between,
  });
  if (lost !== null && best !== null) {
    const instead = 'The weights of the newest checkpoint were validated and stand in for them.';
    warn(host, `The weights of the best epoch cannot be used (${BEST_FILE}: ${lost}). ${instead}`);
    await keepBest(plan, host, state, best, position.step);
  }
  return best;
}

async function trainPlanned(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  films: FilmSet,
  teacher: TrainRun['teacher'],
): Promise<TrainOutcome> {
  const { config, configHash, dir } = plan;
  const { recipe } = config;
  const restored = plan.resumeFrom === null ? null : await restoreNewest(dir, state, configHash);
  for (const { file, reason } of restored?.skipped ?? []) {
    warn(host, `The checkpoint ${file} was passed over (${reason}); the run goes on from the one before.`);
  }
  const bestBefore = restored === null ? null : await resumedBest(plan, host, state, films, restored);
  const trainFilms = films.part('train').length;
  const stepsPerEpoch = Math.ceil(trainFilms / recipe.batch);
  const reporter = new RunReporter(
    { epochs: recipe.epochs, trainFilms, stepsPerEpoch },
    host.now,
    (progress) => host.send({ type: 'progress', progress }),
  );
  reporter.goOnFrom(restored?.position.cursor ?? 0);
  reporter.tell('training', restored?.position.epoch ?? 0, restored?.position.step ?? 0);
  let savedAt = host.now();
  let step = restored?.position.step ?? 0;
  const run: TrainRun = {
    state,
    films,
    resolution: config.resolution,
    objective: { method: config.method, loss: config.loss, normalisation: config.normalisation },
    recipe,
    seed: config.seed,
    configHash,
    dir,
    from: restored?.position ?? null,
    bestBefore,
    teacher,
    between: host.between,
    wish: host.wish,
    checkpointDue: () => host.now() - savedAt >= plan.checkpointEverySeconds * 1000,
    onStep: (position, measured) => {
      step = position.step;
      reporter.step(position, measured);
    },
    async onEpoch(epoch, validation, improved) {
      const rate = learningRateAt(
        step - 1,
        stepsPerEpoch * recipe.epochs,
        recipe.warmupEpochs * stepsPerEpoch,
        recipe.learningRate,
      );
      host.send({ type: 'epoch', record: reporter.epoch(epoch, step, rate, validation) });
      if (improved) await keepBest(plan, host, state, { epoch, validation }, step);
    },
    onCheckpoint: (saved, position) => {
      savedAt = host.now();
      const at = { epoch: position.epoch, step: position.step, metrics: null };
      host.send({ type: 'checkpoint', kind: 'last', ...saved, ...at });
    },
  };
  return await trainRun(run);
}

async function finish(
  plan: RunPlan,
  host: RunHost,
  vit: VitConfig,
  films: FilmSet,
  outcome: TrainOutcome,
): Promise<void> {
  const { config, configHash, dir } = plan;
  const { best, position } = outcome;
  if (best === null) throw new Error('a finished run has a best epoch');
  const note = { epoch: best.epoch, configHash, validation: best.validation };
  const model = { config: vit, normalisation: config.normalisation, findings: config.findings };
  const saved = await saveWeights(dir, FINAL_FILE, best.weights, model, note);
  const metrics = { t1: best.validation.t1.value, t2: best.validation.t2 };
  host.send({ type: 'checkpoint', kind: 'final', ...saved, epoch: best.epoch, step: position.step, metrics });

  const state = new TrainState(vit, best.weights, { ema: false });
  const rows: ScoreRow[] = [];
  for (const part of ['validation', 'test'] as const) {
    const indices = films.part(part);
    const settings = {
      resolution: config.resolution,
      batch: config.recipe.microBatch,
      between: host.between,
    };
    const scores = await scoreFilms(state.evaluated, vit, config.normalisation, films, indices, settings);
    indices.forEach((index, row) => {
      const t1 = scores.t1.map((column) => column[row] ?? Number.NaN);
      rows.push({ filmId: films.films[index]?.filmId ?? '', part, t1, t2: scores.t2[row] ?? Number.NaN });
    });
  }
  state.dispose();
  const scoresFile = join(dir, SCORES_FILE);
  await writeFileAtomic(scoresFile, new TextEncoder().encode(JSON.stringify(rows)));
  host.send({ type: 'ended', how: 'finished', scoresFile });
}
