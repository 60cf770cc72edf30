/** @file The best epoch of a resumed run: from its file or, where that is damaged or gone, from the checkpoint itself. */
import type { TrainState } from '../numeric/train/train-state.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { readBest } from './best-weights.ts';
import { CheckpointError, type RunPosition } from './checkpoint.ts';
import type { FilmSet, InputView } from './film-set.ts';
import { scoreFilms } from './score-films.ts';
import type { TrainOutcome } from './train-run.ts';
import { validate } from './validation.ts';

type Best = NonNullable<TrainOutcome['best']>;

export interface ResumedRun {
  readonly dir: string;
  readonly configHash: string;
  /** As restored from the checkpoint at `position`. */
  readonly state: TrainState;
  readonly position: RunPosition;
  readonly films: FilmSet;
  readonly normalisation: Normalisation;
  readonly input: InputView;
  /** Films scored at a time. */
  readonly batch: number;
  readonly between: () => Promise<void>;
}

export interface RecoveredBest {
  /** Null when no epoch has ended yet. */
  readonly best: Best | null;
  /** Why the checkpoint had to stand in for the file: then `best` is to be kept as the file was. Null = it did not. */
  readonly lost: string | null;
}

/** The weights of the checkpoint with their own validation, as of the epoch that they belong to. */
async function bestOfCheckpoint(run: ResumedRun): Promise<Best> {
  const { state, films, position, input, batch, between } = run;
  const indices = films.part('validation');
  const settings = { input, batch, between };
  const scores = await scoreFilms(state.evaluated, state.config, run.normalisation, films, indices, settings);
  return {
    epoch: position.cursor === 0 ? Math.max(0, position.epoch - 1) : position.epoch,
    weights: state.evaluatedWeights(),
    validation: validate(films, indices, scores),
  };
}

/** Only the file of the best epoch may be bad here; the checkpoint has been read already. */
export async function recoverBest(run: ResumedRun): Promise<RecoveredBest> {
  try {
    const best = await readBest(run.dir, run.configHash);
    if (best !== null || run.position.epoch === 0) return { best, lost: null };
    return { best: await bestOfCheckpoint(run), lost: 'the file is not there' };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return { best: await bestOfCheckpoint(run), lost: error.message };
  }
}
