/** @file The learning-rate schedule at its corners. */
import { describe, expect, it } from 'vitest';

import { learningRateAt } from '../../../main/numeric/optim/schedule.ts';

describe('warm-up and cosine', () => {
  it('rises linearly to the peak, then falls to near 0', () => {
    const rates = Array.from({ length: 20 }, (_, step) => learningRateAt(step, 20, 4, 1));
    expect(rates.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    for (let i = 5; i < 20; i += 1) expect(rates[i]).toBeLessThan(rates[i - 1] ?? 0);
    expect(rates[12]).toBeCloseTo(0.5, 12);
    expect(learningRateAt(20, 20, 4, 1)).toBeCloseTo(0, 12);
  });
  it('without warm-up starts at the peak; a run of warm-up alone stays defined', () => {
    expect(learningRateAt(0, 10, 0, 3)).toBe(3);
    expect(learningRateAt(4, 4, 4, 1)).toBe(1);
  });
});
