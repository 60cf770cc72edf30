/** @file The end of a run: the best epoch's weights become the final ones, then the held-back films are scored with them. */
import { join } from 'node:path';

import type { z } from 'zod';

import type { RunPlan, scoreRow } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { FeatureRows } from '../numeric/likeness/gaussian.ts';
import { TrainState } from '../numeric/train/train-state.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import { FINAL_FILE, readFinal, saveWeights } from './best-weights.ts';
import { CheckpointError, type SavedCheckpoint } from './checkpoint.ts';
import type { FilmSet } from './film-set.ts';
import { filmsForLikeness, keepLikeness } from './fit-likeness.ts';
import { InputFeed } from './input-feed.ts';
import { inputOf } from './model-input.ts';
import type { RunHost } from './run-host.ts';
import type { RunReporter } from './run-reporter.ts';
import { scoreFilms } from './score-films.ts';
import { orStopped } from './stopped.ts';
import type { TrainOutcome } from './train-run.ts';

type ScoreRow = z.infer<typeof scoreRow>;
type Best = NonNullable<TrainOutcome['best']>;

export const SCORES_FILE = 'scores.json';
const HELD_BACK = ['validation', 'test'] as const;

/** Tells of the final weights; from here on the run is being evaluated. */
export function tellFinal(host: RunHost, saved: SavedCheckpoint, best: Best, stepsPerEpoch: number): void {
  const { epoch, validation } = best;
  const metrics = { t1: validation.t1.value, t2: validation.t2 };
  host.send({
    type: 'checkpoint',
    kind: 'final',
    ...saved,
    epoch,
    step: (epoch + 1) * stepsPerEpoch,
    metrics,
  });
}

/** The final weights of a run that was cut off while it was scored; null when its training has not ended. */
export async function finishedBefore(
  plan: RunPlan,
  vault: LibraryVault,
): Promise<(Best & { saved: SavedCheckpoint }) | null> {
  if (plan.resumeFrom === null) return null;
  try {
    return await readFinal(vault, plan.dir, plan.configHash);
  } catch (error) {
    // A damaged file: training ends once more from its checkpoints and writes it anew.
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}

/** Writes the final weights. @throws ServiceError DISK_FULL */
export async function saveFinal(
  plan: RunPlan,
  vault: LibraryVault,
  vit: VitConfig,
  best: Best,
): Promise<SavedCheckpoint> {
  const { config, configHash, dir } = plan;
  const note = { epoch: best.epoch, configHash, validation: best.validation };
  const model = { config: vit, normalisation: config.normalisation, findings: config.findings };
  return await saveWeights(vault, dir, FINAL_FILE, best.weights, model, note);
}

/**
 * Scores the films of validation and test, and tells how far films of their kind lie from the training films. @returns the file of
 * scores @throws Stopped, ServiceError DISK_FULL
 */
export async function scoreHeldBack(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  films: FilmSet,
  vit: VitConfig,
  { weights, saved }: Pick<Best, 'weights'> & { readonly saved: SavedCheckpoint },
): Promise<string> {
  const { config, dir } = plan;
  const state = new TrainState(vit, weights, { ema: false });
  const rows: ScoreRow[] = [];
  const again = filmsForLikeness(films.part('train'), films.part('validation').length);
  const total = HELD_BACK.reduce((sum, part) => sum + films.part(part).length, again.length);
  let scored = 0;
  const between = async () => {
    scored += config.recipe.microBatch;
    reporter.portion('evaluating', scored, total);
    await orStopped(host);
  };
  const { functions } = host;
  const settings = { batch: config.recipe.microBatch, functions, between };
  const feed = new InputFeed(films, inputOf(config, vit));
  const score = (indices: Uint32Array, features: boolean) =>
    scoreFilms(state.evaluated, vit, config.normalisation, feed, indices, { ...settings, features });
  let learned: FeatureRows | null = null;
  let unseen: FeatureRows | null = null;
  try {
    for (const part of HELD_BACK) {
      const indices = films.part(part);
      const scores = await score(indices, part === 'validation' && again.length > 0);
      unseen ??= scores.features;
      indices.forEach((index, row) => {
        const t1 = scores.t1.map((column) => column[row] ?? Number.NaN);
        rows.push({ filmId: films.films[index]?.filmId ?? '', part, t1, t2: scores.t2[row] ?? Number.NaN });
      });
    }
    if (again.length > 0) learned = (await score(again, true)).features;
  } finally {
    feed.dispose();
    state.dispose();
  }
  const validationFilms = films.part('validation').length;
  const likeness = await keepLikeness(host.vault, dir, saved.sha256, learned, unseen, validationFilms);
  host.send({ type: 'likeness', likeness });
  const scoresFile = join(dir, SCORES_FILE);
  await host.vault.write(scoresFile, new TextEncoder().encode(JSON.stringify(rows)));
  return scoresFile;
}
