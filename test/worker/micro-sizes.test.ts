/** @file Sizes of micro-batches that a run can meet: every one that an epoch really has, and no other. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { microParts, microSizes } from '../../main/worker/micro-parts.ts';

it('are those of an epoch cut into batches and the batches into parts', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 70 }),
      (films, batch, micro) => {
        const microBatch = Math.min(micro, batch);
        const order = Uint32Array.from({ length: films }, (_, at) => at);
        const met = new Set<number>();
        for (let cursor = 0; cursor < films; cursor += batch) {
          for (const part of microParts(order.subarray(cursor, cursor + batch), microBatch))
            met.add(part.length);
        }
        expect(microSizes(films, { batch, microBatch })).toEqual([...met].sort((a, b) => b - a));
      },
    ),
  );
});
