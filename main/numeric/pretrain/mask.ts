/** @file Which patches of a film stay visible in an epoch: a seeded random choice that any process repeats. */
import { uniformFor } from '../augment/random-bits.ts';
import { uniformGenerator } from '../vit/init.ts';

/** Patches that stay visible of `patches`: at least one, and at least one is masked. */
export function visibleCount(patches: number, maskRatio: number): number {
  return Math.min(patches - 1, Math.max(1, Math.floor(patches * (1 - maskRatio))));
}

/**
 * A permutation of 0 … patches − 1: the first `visibleCount` stay visible, the rest is masked (He et al. 2022). It depends on
 * seed, epoch and film alone, so a resumed run masks the same patches.
 */
export function maskOrder(seed: number, epoch: number, film: number, patches: number): Int32Array {
  const order = Int32Array.from({ length: patches }, (_, index) => index);
  const uniform = uniformGenerator(Math.floor(uniformFor(seed, epoch, film, 'mask') * 4294967296));
  for (let last = patches - 1; last > 0; last -= 1) {
    const chosen = Math.floor(uniform() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = kept;
  }
  return order;
}
