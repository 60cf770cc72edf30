/** @file Carries out a plan: films, start weights or checkpoint, epochs, final weights, scores of the held-back films. */
import { mkdir } from 'node:fs/promises';

import { MODEL_SIDE } from '../../shared/domain/geometry.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import { freeArrays } from '../numeric/free-arrays.ts';
import { learningRateAt } from '../numeric/optim/schedule.ts';
import { TrainState } from '../numeric/train/train-state.ts';
import type { MicroBatch } from '../numeric/train/micro-batch.ts';
import { labelledWork } from '../numeric/train/train-step.ts';
import { vitOfRun, type VitConfig } from '../numeric/vit/config.ts';
import type { ImportedWeights } from '../numeric/weights/import-weights.ts';
import { BEST_FILE, saveWeights } from './best-weights.ts';
import { restoreNewest, type RestoredCheckpoint } from './checkpoint.ts';
import { compressPlanned, dropFitted } from './compress-run.ts';
import { FilmSet } from './film-set.ts';
import { inputOf } from './model-input.ts';
import { finishedBefore, saveFinal, scoreHeldBack, tellFinal } from './finish-run.ts';
import { writeFirstBatch } from './first-batch.ts';
import { labelledLesson, type Lesson } from './lesson.ts';
import { firstHidden, maskedLesson, maskedRunStart } from './masked-lesson.ts';
import { recoverBest } from './recover-best.ts';
import { warn, type RunHost } from './run-host.ts';
import { RunReporter } from './run-reporter.ts';
import { readStart, startWeights, type RunStart } from './start-weights.ts';
import { StepChoice } from './step-choice.ts';
import { plannedSteps } from './step-taker.ts';
import { orStopped, Stopped } from './stopped.ts';
import { teacherKnowledge } from './teacher-knowledge.ts';
import { trainRun, type TrainOutcome } from './train-run.ts';

type Best = NonNullable<TrainOutcome['best']>;

/** One run from its plan to its end, which is told. @throws FilmSetError, CheckpointError, WeightsError, NotFiniteError, ServiceError */
export async function runPlanned(plan: RunPlan, host: RunHost): Promise<void> {
  try {
    const scoresFile = await carryOut(plan, host);
    host.send({ type: 'ended', how: 'finished', scoresFile });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    host.send({ type: 'ended', how: error.how, scoresFile: null });
  }
}

/** What a run begins with: weights to train, or a larger model to make smaller. */
type Start = RunStart | { readonly larger: ImportedWeights; readonly vit: VitConfig };

async function startOf(plan: RunPlan, vault: LibraryVault): Promise<Start> {
  const { config, initPath } = plan;
  if (config.method !== 'pretrain') return await startWeights(plan, vault);
  if (initPath === null) return maskedRunStart(plan);
  const vit = vitOfRun(config);
  return { larger: await readStart(vault, initPath, config.initSha256), vit };
}

/** @returns the file of scores, null for a run without labels @throws Stopped on pause and cancel */
async function carryOut(plan: RunPlan, host: RunHost): Promise<string | null> {
  const { config } = plan;
  const start = await startOf(plan, host.vault);
  const { vit } = start;
  const size = { epochs: config.recipe.epochs, ...countSteps(plan) };
  const reporter = new RunReporter(size, host.now, (progress) => host.send({ type: 'progress', progress }));
  reporter.tell('loading', 0, 0);
  const films = await FilmSet.load(host.vault, plan.films, config.findings.length, MODEL_SIDE, () =>
    orStopped(host),
  );
  if (size.trainFilms === 0) throw new ServiceError('SPLIT_IMPOSSIBLE', 'The split has no film to train on.');
  await mkdir(plan.dir, { recursive: true });
  let final = await finishedBefore(plan, host.vault);
  if (final === null) {
    const best =
      'larger' in start
        ? await compressPlanned(plan, host, reporter, films, start.larger, vit)
        : await train(plan, host, reporter, films, start);
    final = { ...best, saved: await saveFinal(plan, host.vault, vit, best) };
  }
  tellFinal(host, final.saved, final, size.stepsPerEpoch);
  if (config.method === 'pretrain') {
    await dropFitted(plan);
    return null;
  }
  return await scoreHeldBack(plan, host, reporter, films, vit, final);
}

function countSteps({ films, config }: RunPlan): { trainFilms: number; stepsPerEpoch: number } {
  const trainFilms = films.filter(({ part }) => part === 'train').length;
  return { trainFilms, stepsPerEpoch: Math.ceil(trainFilms / config.recipe.batch) };
}

/** @returns the best epoch @throws Stopped on pause and cancel */
async function train(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  films: FilmSet,
  { weights, vit, extra }: RunStart,
): Promise<Best> {
  const { config, dir } = plan;
  const hidden = config.method === 'pretrain' ? firstHidden(plan, vit) : undefined;
  host.send({
    type: 'first-batch',
    file: await writeFirstBatch(host.vault, dir, films, config, inputOf(config, vit), hidden),
  });
  const state = new TrainState(vit, weights, { ema: config.recipe.emaDecay !== null, extra });
  freeArrays(weights.values()); // the state has them
  const choice = new StepChoice(host);
  try {
    const { how, best } =
      config.method === 'pretrain'
        ? await trainPlanned(
            plan,
            host,
            reporter,
            state,
            films,
            maskedLesson(plan, host, state, films, choice),
            choice,
          )
        : await trainPlanned(
            plan,
            host,
            reporter,
            state,
            films,
            await lessonWithLabels(plan, host, reporter, state, films, choice),
            choice,
          );
    if (how !== 'finished') throw new Stopped(how);
    if (best === null) throw new Error('a finished run has a best epoch');
    return best;
  } finally {
    state.dispose();
  }
}

async function lessonWithLabels(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  state: TrainState,
  films: FilmSet,
  choice: StepChoice,
): Promise<Lesson<MicroBatch>> {
  const { method, loss, positiveWeights, normalisation, recipe } = plan.config;
  const objective = {
    method,
    loss: { ...loss, positiveWeights },
    normalisation,
  };
  const workOf = (recompute: boolean) => labelledWork(state.config, { ...objective, recompute });
  return labelledLesson({
    state,
    films,
    input: inputOf(plan.config, state.config),
    normalisation,
    recipe,
    teacher: await teacherKnowledge(plan, host, reporter, films),
    listening: host,
    steps: plannedSteps(plan, host, state, workOf, films.part('train').length, choice),
    functions: host.functions,
  });
}

/** Writes the weights that the state evaluates as those of the best epoch, and tells. @throws ServiceError DISK_FULL */
async function keepBest(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  { epoch, validation }: Omit<Best, 'weights'>,
  step: number,
): Promise<void> {
  const { configHash, dir, config } = plan;
  const { normalisation, findings } = config;
  const model = { config: state.config, normalisation, findings };
  const note = { epoch, configHash, validation };
  const saved = await saveWeights(host.vault, dir, BEST_FILE, state.evaluatedWeights(), model, note);
  const metrics = { t1: validation.t1.value, t2: validation.t2 };
  host.send({ type: 'checkpoint', kind: 'best', ...saved, epoch, step, metrics });
}

/** The best epoch before the checkpoint that the run goes on from; null when none had ended. */
async function resumedBest<Batch>(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  { validate }: Lesson<Batch>,
  { position }: RestoredCheckpoint,
): Promise<TrainOutcome['best']> {
  const { dir, configHash } = plan;
  const { best, lost } = await recoverBest({ vault: host.vault, dir, configHash, state, position, validate });
  if (lost !== null && best !== null) {
    const instead = 'The weights of the newest checkpoint were validated and stand in for them.';
    warn(host, `The weights of the best epoch cannot be used (${BEST_FILE}: ${lost}). ${instead}`);
    await keepBest(plan, host, state, best, position.step);
  }
  return best;
}

/** Trains by `lesson`, which is let go of. */
async function trainPlanned<Batch>(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  state: TrainState,
  films: FilmSet,
  lesson: Lesson<Batch>,
  choice: StepChoice,
): Promise<TrainOutcome> {
  try {
    return await trainBy(plan, host, reporter, state, films, lesson, choice);
  } finally {
    lesson.dispose(); // scoring needs the memory
  }
}

async function trainBy<Batch>(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  state: TrainState,
  films: FilmSet,
  lesson: Lesson<Batch>,
  choice: StepChoice,
): Promise<TrainOutcome> {
  const { config, configHash, dir } = plan;
  const { recipe } = config;
  const restored = plan.resumeFrom === null ? null : await restoreNewest(host.vault, dir, state, configHash);
  for (const { file, reason } of restored?.skipped ?? []) {
    warn(host, `The checkpoint ${file} was passed over (${reason}); the run goes on from the one before.`);
  }
  choice.goOnAs(restored?.position.steps);
  const bestBefore = restored === null ? null : await resumedBest(plan, host, state, lesson, restored);
  const { stepsPerEpoch } = countSteps(plan);
  reporter.goOnFrom(restored?.position.cursor ?? 0);
  reporter.tell('training', restored?.position.epoch ?? 0, restored?.position.step ?? 0);
  let savedAt = host.now();
  let step = restored?.position.step ?? 0;
  return await trainRun({
    state,
    lesson,
    train: films.part('train'),
    recipe,
    seed: config.seed,
    configHash,
    vault: host.vault,
    dir,
    from: restored?.position ?? null,
    stepsTaken: () => choice.taken,
    bestBefore,
    wish: host.wish,
    checkpointDue: () =>
      host.takeCheckpointWish() || host.now() - savedAt >= plan.checkpointEverySeconds * 1000,
    onStep: (position, measured, time) => {
      step = position.step;
      reporter.step(position, measured, time);
    },
    onValidation: (position) => reporter.tell('validating', position.epoch, position.step),
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
  });
}
