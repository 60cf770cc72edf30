/** @file The epochs of one run: shuffled steps, validation, best weights, checkpoints; stops between steps when asked. */
import type { Recipe } from '../../shared/domain/recipe.ts';
import { learningRateAt } from '../numeric/optim/schedule.ts';
import type { MicroBatch, TeacherArrays } from '../numeric/train/micro-batch.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import { trainStep, type Objective, type StepMeasurements } from '../numeric/train/train-step.ts';
import { saveCheckpoint, type RunPosition, type SavedCheckpoint } from './checkpoint.ts';
import { epochFilms, epochView } from './epoch-order.ts';
import type { FilmSet, InputView } from './film-set.ts';
import { scoreFilms } from './score-films.ts';
import { orStopped, Stopped, type Wish } from './stopped.ts';
import { isBetter, validate, type Validation } from './validation.ts';

export interface TrainRun {
  readonly state: TrainState;
  readonly films: FilmSet;
  readonly input: InputView;
  readonly objective: Objective;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly configHash: string;
  /** Folder of checkpoints. */
  readonly dir: string;
  /** Where to go on; null = the start. */
  readonly from: RunPosition | null;
  /** Best epoch before `from`, kept by the caller with its weights; null = none yet. */
  readonly bestBefore: TrainOutcome['best'];
  /** Cached teacher outputs of films by position; null for runs without a teacher. */
  readonly teacher: ((indices: Uint32Array, view: number) => Promise<TeacherArrays>) | null;
  /** Asked after every micro-batch, so a process can read its messages. */
  readonly between: () => Promise<void>;
  /** Asked after every step and between batches of validation. */
  readonly wish: () => Wish;
  readonly onStep: (position: RunPosition, measured: StepMeasurements) => void;
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
  /** Weights of the best epoch by validation macro AUROC (T2 where T1 is undefined); null before the first epoch's end. */
  readonly best: {
    readonly epoch: number;
    readonly weights: Map<string, Float32Array>;
    readonly validation: Validation;
  } | null;
}

async function microBatches(run: TrainRun, chosen: Uint32Array, epoch: number): Promise<MicroBatch[]> {
  const batches: MicroBatch[] = [];
  const view = epochView(run.recipe, epoch, run.films.size);
  for (let start = 0; start < chosen.length; start += run.recipe.microBatch) {
    const indices = chosen.subarray(start, start + run.recipe.microBatch);
    const teacher = run.teacher === null ? null : await run.teacher(indices, view.number);
    batches.push({ ...run.films.microBatch(indices, run.input, view.change), teacher });
  }
  return batches;
}

/** @throws Stopped on pause and cancel */
async function validated(run: TrainRun, indices: Uint32Array): Promise<Validation> {
  const { state, films, input, recipe, objective } = run;
  const between = () => orStopped(run);
  const settings = { input, batch: recipe.microBatch, between };
  const scores = await scoreFilms(
    state.evaluated,
    state.config,
    objective.normalisation,
    films,
    indices,
    settings,
  );
  return validate(films, indices, scores);
}

/** Trains until the recipe ends, patience runs out, or a wish says otherwise. @throws NotFiniteError, ServiceError DISK_FULL */
export async function trainRun(run: TrainRun): Promise<TrainOutcome> {
  const { state, recipe, films } = run;
  const train = films.part('train');
  const validation = films.part('validation');
  const stepsPerEpoch = Math.ceil(train.length / recipe.batch);
  const total = stepsPerEpoch * recipe.epochs;
  let position: RunPosition = run.from ?? { epoch: 0, cursor: 0, step: 0, configHash: run.configHash };
  let best = run.bestBefore;
  const checkpoint = async () => run.onCheckpoint(await saveCheckpoint(run.dir, state, position), position);

  while (position.epoch < recipe.epochs) {
    const order = epochFilms(train, run.seed, position.epoch);
    while (position.cursor < train.length) {
      const chosen = order.subarray(position.cursor, position.cursor + recipe.batch);
      const measured = await trainStep(
        state,
        await microBatches(run, chosen, position.epoch),
        {
          ...run.objective,
          learningRate: learningRateAt(
            position.step,
            total,
            recipe.warmupEpochs * stepsPerEpoch,
            recipe.learningRate,
          ),
          weightDecay: recipe.weightDecay,
          clipNorm: recipe.clipNorm,
          emaDecay: recipe.emaDecay,
        },
        run.between,
      );
      position = { ...position, cursor: position.cursor + chosen.length, step: position.step + 1 };
      run.onStep(position, measured);
      const wish = run.wish();
      if (wish === 'pause') {
        await checkpoint();
        return { how: 'paused', position, best };
      }
      if (wish === 'cancel') return { how: 'cancelled', position, best };
      if (run.checkpointDue?.() === true) await checkpoint();
      if (wish === 'stop and keep best' && best !== null) return { how: 'finished', position, best };
    }
    run.onValidation(position);
    let measured: Validation;
    try {
      measured = await validated(run, validation);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      // All films of the epoch are used: a resumed run validates first.
      if (error.how === 'paused') await checkpoint();
      return { how: error.how, position, best };
    }
    const improved = best === null || isBetter(measured, best.validation);
    if (improved) best = { epoch: position.epoch, weights: state.evaluatedWeights(), validation: measured };
    await run.onEpoch(position.epoch, measured, improved);
    position = { ...position, epoch: position.epoch + 1, cursor: 0 };
    await checkpoint();
    const waited = position.epoch - 1 - (best?.epoch ?? 0);
    const wish = run.wish();
    if (wish === 'pause') return { how: 'paused', position, best };
    if (wish === 'cancel') return { how: 'cancelled', position, best };
    if (wish === 'stop and keep best' || (recipe.patience !== null && waited >= recipe.patience)) break;
  }
  return { how: 'finished', position, best };
}
