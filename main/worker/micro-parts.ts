/** @file How films are cut into micro-batches. */
import type { Recipe } from '../../shared/domain/recipe.ts';

/** Pieces of `chosen` that are in memory at once. */
export function microParts(chosen: Uint32Array, microBatch: number): readonly Uint32Array[] {
  const count = Math.ceil(chosen.length / microBatch);
  return Array.from({ length: count }, (_, part) =>
    chosen.subarray(part * microBatch, (part + 1) * microBatch),
  );
}

/** Films of the micro-batches that an epoch over `films` can have. */
export function microSizes(
  films: number,
  { batch, microBatch }: Pick<Recipe, 'batch' | 'microBatch'>,
): number[] {
  const effective = films < batch ? [films] : [batch, ...(films % batch === 0 ? [] : [films % batch])];
  const parts = effective.flatMap((size) => [
    ...(size >= microBatch ? [microBatch] : []),
    ...(size % microBatch === 0 ? [] : [size % microBatch]),
  ]);
  return [...new Set(parts)].sort((a, b) => b - a);
}
