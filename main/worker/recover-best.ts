/** @file The best epoch of a resumed run: from its file or, where that is damaged or gone, from the checkpoint itself. */
import type { LibraryVault } from '../files/vault.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import { readBest } from './best-weights.ts';
import { CheckpointError, type RunPosition } from './checkpoint.ts';
import type { TrainOutcome } from './train-run.ts';
import type { Validation } from './validation.ts';

type Best = NonNullable<TrainOutcome['best']>;

export interface ResumedRun {
  readonly vault: LibraryVault;
  readonly dir: string;
  readonly configHash: string;
  /** As restored from the checkpoint at `position`. */
  readonly state: TrainState;
  readonly position: RunPosition;
  readonly validate: () => Promise<Validation>;
}

export interface RecoveredBest {
  /** Null when no epoch has ended yet. */
  readonly best: Best | null;
  /** Why the checkpoint had to stand in for the file: then `best` is to be kept as the file was. Null = it did not. */
  readonly lost: string | null;
}

/** The weights of the checkpoint with their own validation, as of the epoch that they belong to. */
async function bestOfCheckpoint({ state, position, validate }: ResumedRun): Promise<Best> {
  return {
    epoch: position.cursor === 0 ? Math.max(0, position.epoch - 1) : position.epoch,
    weights: state.evaluatedWeights(),
    validation: await validate(),
  };
}

/** Only the file of the best epoch may be bad here; the checkpoint has been read already. */
export async function recoverBest(run: ResumedRun): Promise<RecoveredBest> {
  try {
    const best = await readBest(run.vault, run.dir, run.configHash);
    if (best !== null || run.position.epoch === 0) return { best, lost: null };
    return { best: await bestOfCheckpoint(run), lost: 'the file is not there' };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return { best: await bestOfCheckpoint(run), lost: error.message };
  }
}
