/** @file The ends of an overlay's scale: shares from weakest to strongest, multiples of equal attention. */
import { expect, it } from 'vitest';

import { equalMultiples, rangeWords, spread } from '../../shared/domain/attention-scale.ts';

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

it('says what a range means, without multiples where there is no unit', () => {
  expect(rangeWords({ low: 0.412, high: 3.84 }, 'last')).toBe('0.41× to 3.8×');
  expect(rangeWords({ low: 0.00045, high: 0.009 }, 'relevance')).toBe('4.5e-4 to 9.0e-3');
});
