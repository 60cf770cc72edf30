/** @file Whether a run's steps are taken as one graph: recording it costs what some dozens of micro-batches gain. */
import type { Recipe } from '../../../shared/domain/recipe.ts';

const MICRO_BATCHES = 60;

type Sizes = Pick<Recipe, 'epochs' | 'batch' | 'microBatch' | 'precision'>;

/** From the plan alone, so that a resumed run goes on as it began. Only a graph can mix precisions. */
export function worthCompiling({ epochs, batch, microBatch, precision }: Sizes, trainFilms: number): boolean {
  const ofStep = Math.ceil(Math.min(batch, trainFilms) / microBatch);
  return precision !== 'single' || ofStep * Math.ceil(trainFilms / batch) * epochs >= MICRO_BATCHES;
}
