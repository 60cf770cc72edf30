/** @file A preset with what a person asked for otherwise: the whole recipe of a run. */
import type { RunRequest } from '../../../shared/contract/training.ts';
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import { usualWarmup, type Recipe } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';

/** @throws ServiceError BAD_INPUT where the rate would never reach its peak */
export function filledRecipe(preset: Recipe, asked: RunRequest['recipe']): Recipe {
  const recipe = { ...preset, ...definedOnly(asked), preset: preset.preset };
  const warmupEpochs = asked.warmupEpochs ?? usualWarmup(preset, recipe.epochs);
  if (warmupEpochs >= recipe.epochs) {
    throw new ServiceError(
      'BAD_INPUT',
      `With ${warmupEpochs} warm-up epochs of ${recipe.epochs} the learning rate would never reach its peak. Ask for fewer warm-up epochs, or for more epochs.`,
    );
  }
  return { ...recipe, warmupEpochs, microBatch: Math.min(recipe.microBatch, recipe.batch) };
}
