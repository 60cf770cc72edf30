/** @file The plan file of a run: all that its process needs, written before the process starts. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { RunPlan } from '../../../shared/worker/protocol.ts';
import { WORKER_PROTOCOL } from '../../../shared/worker/protocol.ts';
import { isTaught } from '../../numeric/methods/needs.ts';
import type { RunRow } from '../../store/runs.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import { labelledFilms } from '../library/labelled-films.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { startPath } from './start-weights.ts';
import { finalWeights, teacherParts } from './teacher-parts.ts';
import { easedRecipe } from './want-of-memory.ts';

const CHECKPOINT_EVERY_SECONDS = 120;

function teacherOf(library: OpenLibrary, run: RunRow): RunPlan['teacher'] {
  if (run.teacherRunId === null) return null;
  const { file, sha256 } = finalWeights(library, run.teacherRunId);
  return {
    runId: run.teacherRunId,
    weightsPath: join(library.files.runsDir, run.teacherRunId, file),
    weightsSha256: sha256,
    config: library.store.runs.get(run.teacherRunId).config,
  };
}

function knowledgeOf(
  library: OpenLibrary,
  { config, teacherRunId }: RunRow,
  films: readonly DatasetFilm[],
): RunPlan['knowledge'] {
  if (teacherRunId === null || !isTaught(config.method)) return [];
  return teacherParts(library, teacherRunId, config, films).map((part) => ({
    ...part,
    dir: join(library.files.knowledgeDir, part.key),
  }));
}

/** Writes runs/<id>/plan.json. @returns its path @throws ServiceError INCOMPATIBLE, NOT_FOUND, DISK_FULL */
export async function writePlan(library: OpenLibrary, run: RunRow, resume: boolean): Promise<string> {
  const { store, files } = library;
  const dir = join(files.runsDir, run.id);
  await mkdir(dir, { recursive: true });
  const films =
    run.config.method === 'pretrain'
      ? store.splits.trainingFilms(run.splitId).map((film) => ({ ...film, targets: { t1: [], t2: null } }))
      : labelledFilms(
          store,
          run.splitId,
          run.config.findings,
          run.config.labelRule,
          run.config.labelVersionId,
        );
  const teacher = teacherOf(library, run);
  const plan: RunPlan = {
    protocol: WORKER_PROTOCOL,
    runId: run.id,
    config: { ...run.config, recipe: easedRecipe(run) },
    configHash: run.configHash,
    films: films.map((film) => ({
      filmId: film.filmId,
      patient: film.patientKey,
      part: film.part,
      image: files.artifacts.path(film.modelSha256),
      t1: [...film.targets.t1],
      t2: film.targets.t2,
    })),
    dir,
    initPath: run.config.init === null ? null : startPath(library, run.config.init),
    teacher,
    knowledge: knowledgeOf(library, run, films),
    resumeFrom: resume ? 'newest' : null,
    checkpointEverySeconds: CHECKPOINT_EVERY_SECONDS,
  };
  const path = join(dir, 'plan.json');
  await files.writeAtomic(path, new TextEncoder().encode(JSON.stringify(plan)));
  return path;
}
