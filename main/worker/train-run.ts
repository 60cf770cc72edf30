/** @file The epochs of one run: shuffled steps, validation, best weights, checkpoints; stops between steps when asked. */
import { performance } from 'node:perf_hooks';

import type { Recipe } from '../../shared/domain/recipe.ts';
import type { StepsTaken } from '../../shared/domain/steps-taken.ts';
import type { LibraryVault } from '../files/vault.ts';
import { learningRateAt } from '../numeric/optim/schedule.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import type { StepMeasurements } from '../numeric/train/train-step.ts';
import { saveCheckpoint, type RunPosition, type SavedCheckpoint } from './checkpoint.ts';
import { epochFilms } from './epoch-order.ts';
import type { Lesson } from './lesson.ts';
import { Stopped, type Wish } from './stopped.ts';
import { isBetter, type Validation } from './validation.ts';

export interface StepTime {
  /** With the wait for its films, without what is written between steps. */
  readonly tookMs: number;
  readonly waitedMs: number;
}

export interface TrainRun<Batch> {
  readonly state: TrainState;
  readonly lesson: Lesson<Batch>;
  /** Training films by their positions in the set. */
  readonly train: Uint32Array;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly configHash: string;
  readonly vault: LibraryVault;
  /** Folder of checkpoints. */
  readonly dir: string;
  /** Where to go on; null = the start. */
  readonly from: RunPosition | null;
  /** Best epoch before `from`, kept by the caller with its weights; null = none yet. */
  readonly bestBefore: TrainOutcome['best'];
  /** How steps are taken, kept in checkpoints; null before the first. */
  readonly stepsTaken: () => StepsTaken | null;
  /** Asked after every step. */
  readonly wish: () => Wish;
  readonly onStep: (position: RunPosition, measured: StepMeasurements, time: StepTime) => void;
  readonly onValidation: (position: RunPosition) => void;
  /** Awaited before the epoch's checkpoint, so that the best weights are on disk first. */
  readonly onEpoch: (epoch: number, validation: Validation, improved: boolean) => unknown;
  /** Asked after every step: is it time for a checkpoint in the middle of the epoch? */
  readonly checkpointDue?: () => boolean;
  readonly onCheckpoint: (saved: SavedCheckpoint, position: RunPosition) => void;
}

export interface TrainOutcome {
  readonly how: 'finished' | 'paused' | 'cancelled';
  readonly position: RunPosition;
  /** Weights of the best epoch (`isBetter`); null before the first epoch's end. */
  readonly best: {
    readonly epoch: number;
    readonly weights: Map<string, Float32Array>;
    readonly validation: Validation;
  } | null;
}

/** The micro-batches of a step to come; its failure is met by whoever waits for them. */
function prepare<Batch>(lesson: Lesson<Batch>, films: Uint32Array, epoch: number): Promise<readonly Batch[]> {
  const prepared = lesson.prepare(films, epoch);
  prepared.catch(() => undefined); // a run that stops first waits for nothing
  return prepared;
}

/** Trains until the recipe ends, patience runs out, or a wish says otherwise. @throws NotFiniteError, ServiceError DISK_FULL */
export async function trainRun<Batch>(run: TrainRun<Batch>): Promise<TrainOutcome> {
  const { state, recipe, lesson, train } = run;
  const stepsPerEpoch = Math.ceil(train.length / recipe.batch);
  const total = stepsPerEpoch * recipe.epochs;
  let position: RunPosition = run.from ?? { epoch: 0, cursor: 0, step: 0, configHash: run.configHash };
  let best = run.bestBefore;
  const checkpoint = async () => {
    position = { ...position, steps: run.stepsTaken() ?? undefined };
    run.onCheckpoint(await saveCheckpoint(run.vault, run.dir, state, position), position);
  };

  /** Of the next step, begun before the step or the validation that comes first. */
  let prepared: Promise<readonly Batch[]> | null = null;

  while (position.epoch < recipe.epochs && position.over !== true) {
    const order = epochFilms(train, run.seed, position.epoch);
    const filmsFrom = (cursor: number) => order.subarray(cursor, cursor + recipe.batch);
    const coming = (cursor: number): Promise<readonly Batch[]> => {
      if (cursor < train.length) return prepare(lesson, filmsFrom(cursor), position.epoch);
      const epoch = position.epoch + 1;
      if (epoch >= recipe.epochs) return Promise.resolve([]);
      return prepare(lesson, epochFilms(train, run.seed, epoch).subarray(0, recipe.batch), epoch);
    };
    prepared ??= coming(position.cursor);
    while (position.cursor < train.length) {
      const began = performance.now();
      const batches = await prepared;
      const waitedMs = performance.now() - began;
      const chosen = filmsFrom(position.cursor);
      prepared = coming(position.cursor + chosen.length);
      const measured = await lesson.step(batches, {
        learningRate: learningRateAt(
          position.step,
          total,
          recipe.warmupEpochs * stepsPerEpoch,
          recipe.learningRate,
        ),
        weightDecay: recipe.weightDecay,
        clipNorm: recipe.clipNorm,
        emaDecay: recipe.emaDecay,
        emaWarmup: recipe.emaWarmup,
      });
      position = { ...position, cursor: position.cursor + chosen.length, step: position.step + 1 };
      run.onStep(position, measured, { tookMs: performance.now() - began, waitedMs });
      const wish = run.wish();
      if (wish === 'pause') {
        await checkpoint();
        return { how: 'paused', position, best };
      }
      if (wish === 'cancel') return { how: 'cancelled', position, best };
      if (wish === 'stop and keep best' && best !== null) {
        position = { ...position, over: true };
        await checkpoint();
        return { how: 'finished', position, best };
      }
      if (run.checkpointDue?.() === true) await checkpoint();
    }
    run.onValidation(position);
    let measured: Validation;
    try {
      measured = await lesson.validate();
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      // All films of the epoch are used: a resumed run validates first.
      if (error.how === 'paused') await checkpoint();
      return { how: error.how, position, best };
    }
    const improved = best === null || isBetter(measured, best.validation);
    if (improved) best = { epoch: position.epoch, weights: state.evaluatedWeights(), validation: measured };
    await run.onEpoch(position.epoch, measured, improved);
    const waited = position.epoch - (best?.epoch ?? 0);
    position = { ...position, epoch: position.epoch + 1, cursor: 0 };
    const spent = recipe.patience !== null && waited >= recipe.patience;
    const ends = spent || run.wish() === 'stop and keep best';
    // In the checkpoint, so that a run that is cut off before its final weights are written does not train on.
    if (ends) position = { ...position, over: true };
    await checkpoint();
    const wish = run.wish();
    if (wish === 'cancel') return { how: 'cancelled', position, best };
    if (ends) break;
    if (wish === 'pause') return { how: 'paused', position, best };
  }
  return { how: 'finished', position, best };
}
