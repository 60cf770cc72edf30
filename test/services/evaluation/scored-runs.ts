/** @file Finished runs with scores in a real library, from rows: what training leaves behind, without training. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { configHash } from '../../../main/services/training/run-config.ts';
import { defaultName, waitingProgress } from '../../../main/services/training/run-views.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import type { Part } from '../../../shared/contract/base.ts';
import type { RunConfig } from '../../../shared/contract/training.ts';
import type { FilmId, RunId, SplitId } from '../../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../../shared/domain/recipe.ts';
import type { RunState } from '../../../shared/domain/run-state.ts';

export interface Score {
  readonly filmId: FilmId;
  readonly part: Exclude<Part, 'train'>;
  readonly t1: readonly number[];
  readonly t2: number;
}

/** A split of films that are in the library already, patients as they are. */
export function addSplit(
  { store }: OpenLibrary,
  partOf: (film: { readonly id: FilmId; readonly patientNo: number }) => Part,
  id = 'split-00000001' as SplitId,
): SplitId {
  const films = store.splits.candidates();
  const members = new Map(films.map((film) => [film.patientNo, partOf(film)]));
  store.transaction(() =>
    store.splits.insert(
      { id, name: 'Split', seed: 1, createdAt: 1, request: {}, warnings: [] },
      members,
      films,
    ),
  );
  return id;
}

type Wanted = Pick<RunConfig, 'method' | 'resolution' | 'splitId' | 'findings'> & Partial<RunConfig>;

export function fullConfig(wanted: Wanted): RunConfig {
  return {
    model: 'tiny',
    teacherRunId: null,
    recipe: presetRecipe('quick', 'tiny'),
    loss: PAPER_LOSS,
    seed: 1,
    init: null,
    initSha256: null,
    t2Units: 2,
    layerNormEpsilon: 1e-6,
    normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    preprocessing: 'test',
    input: PAPER_INPUT,
    positiveWeights: null,
    labelRule: 'majority',
    labelVersionId: null,
    ...wanted,
  };
}

const PATH_TO: Readonly<Partial<Record<RunState, readonly RunState[]>>> = {
  queued: [],
  training: ['preparing', 'training'],
  evaluating: ['preparing', 'training', 'evaluating'],
  finished: ['preparing', 'training', 'evaluating', 'finished'],
  paused: ['paused'],
  cancelled: ['cancelled'],
  failed: ['failed'],
  interrupted: ['preparing', 'interrupted'],
};

let runs = 0;

/** @returns the run's id; `scores` null leaves no scores.json */
export function addRun(
  { store, files }: OpenLibrary,
  wanted: Wanted,
  scores: readonly Score[] | null,
  state: RunState = 'finished',
): RunId {
  const id = `run-${String(++runs).padStart(8, '0')}` as RunId;
  const config = fullConfig(wanted);
  const createdAt = runs;
  const progress = waitingProgress(config, 50);
  store.runs.insert({
    id,
    name: defaultName(config),
    config,
    configHash: configHash(config),
    createdAt,
    progress,
  });
  for (const next of PATH_TO[state] ?? []) store.runs.move(id, next, 1000);
  const sha256 = runs.toString(16).padStart(64, '0');
  const at = { epoch: 1, step: 10, file: 'final.safetensors', bytes: 1, createdAt };
  store.runs.putCheckpoint(id, { kind: 'final', sha256, ...at });
  if (scores !== null) {
    mkdirSync(join(files.runsDir, id), { recursive: true });
    writeFileSync(join(files.runsDir, id, 'scores.json'), JSON.stringify(scores));
  }
  return id;
}
