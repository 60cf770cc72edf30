/** @file The ends of an overlay's scale: shares from weakest to strongest, multiples of equal attention. */
import { expect, it } from 'vitest';

import { equalMultiples, spread } from '../../shared/domain/attention-scale.ts';

it('spreads a map from its weakest to its strongest cell', () => {
  expect(spread([0.5, 0.75, 1, 0.5])).toEqual([0, 0.5, 1, 0]);
});

it('shows a flat map as nothing, so that rounding is not taken for attention', () => {
  expect(spread([1, 1, 1, 1])).toEqual([0, 0, 0, 0]);
  expect(spread([1, 1 - 1e-9, 1, 1])).toEqual([0, 0, 0, 0]);
});

it('names the ends in multiples of equal attention', () => {
  // 14 × 14 patches and CLS: equal attention gives each token 1/197
  const [low, high] = equalMultiples(14, [0.5, 1], 2 / 197);
  expect(low).toBeCloseTo(1, 12);
  expect(high).toBeCloseTo(2, 12);
});
