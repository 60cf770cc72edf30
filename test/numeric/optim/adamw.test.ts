/** @file The decay of the moving average: from following at once to the decay asked for. */
import { expect, it } from 'vitest';

import { averageDecay } from '../../../main/numeric/optim/adamw.ts';

it('rises from a tenth to the decay asked for, and is that from the first step without warm-up', () => {
  const warm = { emaDecay: 0.999, emaWarmup: true };
  expect(averageDecay(warm, 0)).toBe(0.1);
  expect(averageDecay(warm, 8)).toBe(0.5);
  expect(averageDecay(warm, 8989)).toBeLessThan(0.999);
  expect(averageDecay(warm, 8990)).toBeCloseTo(0.999, 12);
  expect(averageDecay(warm, 20_000)).toBe(0.999);
  expect(averageDecay({ emaDecay: 0.999, emaWarmup: false }, 0)).toBe(0.999);
});

it('eighty updates leave nothing of the start weights', () => {
  const left = (emaWarmup: boolean) =>
    Array.from({ length: 80 }, (_, t) => averageDecay({ emaDecay: 0.999, emaWarmup }, t)).reduce(
      (product, decay) => product * decay,
      1,
    );
  expect(left(false)).toBeGreaterThan(0.92);
  expect(left(true)).toBeLessThan(1e-6);
});
