/** @file Runs as windows see them: summary, detail, progress of a run that waits. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { byteRoutes } from '../../../shared/contract/bytes.ts';
import type { RunConfig, RunDetail, RunProgress, RunSummary } from '../../../shared/contract/training.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';

/** "MLCAK 28 px · ViT-Tiny": what a run is called until somebody renames it. */
export function defaultName(config: Pick<RunConfig, 'method' | 'model' | 'resolution' | 'init'>): string {
  const model = `ViT-${config.model.slice(0, 1).toUpperCase()}${config.model.slice(1)}`;
  const methods = {
    teacher: 'Teacher',
    none: 'No distillation',
    vanilla: 'Vanilla',
    'last-block': 'Last block',
    'one-to-one': 'One-to-one',
    mlcak: 'MLCAK',
    pretrain: 'Pre-training',
  } as const;
  if (config.method === 'pretrain') {
    return `${methods.pretrain} from ${config.init === null ? 'own films' : 'a larger model'} · ${model}`;
  }
  return `${methods[config.method]} ${config.resolution} px · ${model}`;
}

/** `name`, or with the next number when a run has it already: "Teacher 224 px · ViT-Tiny (2)". */
export function unusedName(name: string, runs: readonly Pick<RunRow, 'name'>[]): string {
  const taken = new Set(runs.map((run) => run.name));
  let numbered = name;
  for (let number = 2; taken.has(numbered); number += 1) numbered = `${name} (${number})`;
  return numbered;
}

export function waitingProgress(config: RunConfig, trainFilms: number): RunProgress {
  const { epochs, batch } = config.recipe;
  return {
    phase: 'waiting',
    epoch: 0,
    epochs,
    step: 0,
    steps: epochs * Math.ceil(trainFilms / batch),
    fraction: 0,
    loss: null,
    imagesPerSecond: null,
    rssBytes: null,
    etaSeconds: null,
  };
}

export function runSummary({ store }: OpenLibrary, run: RunRow): RunSummary {
  const { method, model, resolution, seed, recipe } = run.config;
  const imported = store.importedModels.find(run.id);
  const test = store.evaluations.headline(run.id, 'test');
  return {
    id: run.id,
    name: run.name,
    method,
    model,
    resolution,
    teacherRunId: run.teacherRunId,
    splitId: run.splitId,
    seed,
    preset: recipe.preset,
    state: run.state,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    progress: run.progress,
    best: run.best,
    test,
    error: run.error,
    device: run.device,
    imported: imported && {
      signer: imported.signerName,
      at: imported.importedAt,
      isMeasured: imported.measuredSplitId !== null,
    },
  };
}

export function runDetail(library: OpenLibrary, run: RunRow): RunDetail {
  const { store, files } = library;
  const hasBatch = existsSync(join(files.runsDir, run.id, 'first-batch.png'));
  return {
    ...runSummary(library, run),
    config: run.config,
    configHash: run.configHash,
    history: store.runs.history(run.id),
    checkpoints: store.runs.checkpoints(run.id).map(({ file: _file, ...checkpoint }) => checkpoint),
    steps: run.steps,
    notes: store.runs.notes(run.id),
    firstBatchHref: hasBatch ? byteRoutes.firstBatch(run.id) : null,
    easedTo: run.easedTo,
    students: [...store.runs.students(run.id)],
  };
}
