/** @file What an epoch shows: the order of films, by seed and epoch, and their views, by epoch. A resumed run repeats both. */
import type { Recipe } from '../../shared/domain/recipe.ts';
import { uniformGenerator } from '../numeric/vit/init.ts';

/** Fisher–Yates permutation of 0 … count − 1. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const uniform = uniformGenerator(
    (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b)) >>> 0,
  );
  for (let last = count - 1; last > 0; last -= 1) {
    const chosen = Math.floor(uniform() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = kept;
  }
  return order;
}

/** The training films (by their positions in the set) in the order of an epoch. */
export function epochFilms(train: Uint32Array, seed: number, epoch: number): Uint32Array {
  return epochOrder(train.length, seed, epoch).map((place) => train[place] ?? 0);
}

/** Number of the view that every film has in an epoch, as the knowledge cache counts them; null = the films as they are. */
export function epochView(
  { augment, views }: Pick<Recipe, 'augment' | 'views'>,
  epoch: number,
): number | null {
  return augment ? epoch % views : null;
}
