/** @file When a run's steps become one graph. */
import { expect, it } from 'vitest';

import { worthCompiling } from '../../../main/numeric/engine/worth-compiling.ts';

const sizes = { batch: 16, microBatch: 8, precision: 'single' } as const;

it('from sixty micro-batches on, whatever they are gathered to', () => {
  expect(worthCompiling({ ...sizes, epochs: 10 }, 48)).toBe(true); // 3 steps of 2, ten times
  expect(worthCompiling({ ...sizes, epochs: 9 }, 48)).toBe(false);
  expect(worthCompiling({ ...sizes, batch: 8, epochs: 10 }, 48)).toBe(true);
  expect(worthCompiling({ ...sizes, epochs: 59 }, 4)).toBe(false); // fewer films than a micro-batch
});

it('always where products are to be mixed, which only a graph can', () => {
  expect(worthCompiling({ ...sizes, epochs: 1, precision: 'mixed' }, 4)).toBe(true);
});
