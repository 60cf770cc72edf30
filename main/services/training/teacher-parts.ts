/** @file Which caches of a teacher's answers a run reads: the plan's, and the estimate's. */
import { createHash } from 'node:crypto';

import type { RunConfig } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { PAPER_LOSS } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunPlan } from '../../../shared/worker/protocol.ts';
import { neededFeature, type FeatureKind } from '../../numeric/methods/needs.ts';
import type { RunCheckpoint } from '../../store/runs.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import type { OpenLibrary } from '../library/open-library.ts';

/** @throws ServiceError INCOMPATIBLE */
export function finalWeights({ store }: OpenLibrary, teacher: RunId): RunCheckpoint {
  const final = store.runs.checkpoints(teacher).find((one) => one.kind === 'final');
  if (final !== undefined) return final;
  throw new ServiceError(
    'INCOMPATIBLE',
    'The teacher of this run has no final weights. Train the teacher again.',
  );
}

/**
 * The logits and the feature that a student needs. A key has everything that the teacher's answers depend on: the same key means
 * the same shards. @throws ServiceError INCOMPATIBLE
 */
export function teacherParts(
  library: OpenLibrary,
  teacher: RunId,
  { method, loss, recipe, preprocessing }: Pick<RunConfig, 'method' | 'loss' | 'recipe' | 'preprocessing'>,
  films: readonly DatasetFilm[],
): Omit<RunPlan['knowledge'][number], 'dir'>[] {
  const common = {
    teacher: finalWeights(library, teacher).sha256,
    preprocessing,
    views: recipe.augment ? 'changed' : 'plain',
    // All of them: the views of a film go by its place among them.
    films: films.map(({ filmId, modelSha256, part }) => [filmId, modelSha256, part]),
  };
  const part = (feature: FeatureKind) => {
    // The logits do not depend on where features are taken.
    const point = feature === 'none' ? PAPER_LOSS.featurePoint : loss.featurePoint;
    const key = createHash('sha256')
      .update(JSON.stringify({ ...common, feature, point }))
      .digest('hex');
    return { key, feature, point };
  };
  const feature = neededFeature(method, loss);
  return feature === 'none' ? [part('none')] : [part('none'), part(feature)];
}
