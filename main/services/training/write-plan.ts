/** @file The plan file of a run: all that its process needs, written before the process starts. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { PAPER_LOSS } from '../../../shared/domain/recipe.ts';
import type { RunPlan } from '../../../shared/worker/protocol.ts';
import { WORKER_PROTOCOL } from '../../../shared/worker/protocol.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { isTaught, neededFeature, type FeatureKind } from '../../numeric/methods/needs.ts';
import type { RunRow } from '../../store/runs.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import { labelledFilms } from '../library/labelled-films.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { startPath } from './start-weights.ts';
import { easedRecipe } from './want-of-memory.ts';

const CHECKPOINT_EVERY_SECONDS = 120;

function teacherOf(library: OpenLibrary, run: RunRow): RunPlan['teacher'] {
  if (run.teacherRunId === null) return null;
  const final = library.store.runs.checkpoints(run.teacherRunId).find((one) => one.kind === 'final');
  if (final === undefined) {
    throw new ServiceError(
      'INCOMPATIBLE',
      'The teacher of this run has no final weights. Train the teacher again.',
    );
  }
  return {
    runId: run.teacherRunId,
    weightsPath: join(library.files.runsDir, run.teacherRunId, final.file),
    weightsSha256: final.sha256,
    config: library.store.runs.get(run.teacherRunId).config,
  };
}

/** Everything a teacher's answers depend on; the same key means the same shards. */
function knowledgeOf(
  library: OpenLibrary,
  run: RunRow,
  teacher: RunPlan['teacher'],
  films: readonly DatasetFilm[],
): RunPlan['knowledge'] {
  const { method, loss, recipe, preprocessing } = run.config;
  if (teacher === null || !isTaught(method)) return [];
  const common = {
    teacher: teacher.weightsSha256,
    preprocessing,
    views: recipe.augment ? 'changed' : 'plain',
    // All of them: the views of a film go by its place among them.
    films: films.map(({ filmId, modelSha256, part }) => [filmId, modelSha256, part]),
  };
  const part = (feature: FeatureKind): RunPlan['knowledge'][number] => {
    // The logits do not depend on where features are taken.
    const point = feature === 'none' ? PAPER_LOSS.featurePoint : loss.featurePoint;
    const key = createHash('sha256')
      .update(JSON.stringify({ ...common, feature, point }))
      .digest('hex');
    return { key, dir: join(library.files.knowledgeDir, key), feature, point };
  };
  const feature = neededFeature(method, loss);
  return feature === 'none' ? [part('none')] : [part('none'), part(feature)];
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
    knowledge: knowledgeOf(library, run, teacher, films),
    resumeFrom: resume ? 'newest' : null,
    checkpointEverySeconds: CHECKPOINT_EVERY_SECONDS,
  };
  const path = join(dir, 'plan.json');
  await files.writeAtomic(path, new TextEncoder().encode(JSON.stringify(plan)));
  return path;
}
