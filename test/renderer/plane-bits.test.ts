/** @file Bits of an overlay plane on a small display: set where any was, nowhere else. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { cellsWithBits } from '../../renderer/src/viewer/plane-bits.ts';

const plane = fc
  .record({ cols: fc.integer({ min: 1, max: 20 }), rows: fc.integer({ min: 1, max: 20 }) })
  .chain(({ cols, rows }) =>
    fc
      .uint8Array({ minLength: Math.ceil((cols * rows) / 8), maxLength: Math.ceil((cols * rows) / 8) })
      .map((bits) => ({ cols, rows, bits })),
  );

it('a cell is set where one of its pixels is', () => {
  fc.assert(
    fc.property(plane, fc.constantFrom(1, 2, 4), ({ bits, cols, rows }, factor) => {
      const wanted = new Set<number>();
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
          const at = row * cols + col;
          if (((bits[at >> 3] ?? 0) >> (at & 7)) & 1)
            wanted.add(Math.floor(row / factor) * Math.ceil(cols / factor) + Math.floor(col / factor));
        }
      }
      const cells = cellsWithBits({ bits, cols, rows }, factor);
      expect(cells).toHaveLength(Math.ceil(cols / factor) * Math.ceil(rows / factor));
      cells.forEach((on, at) => expect(on === 1).toBe(wanted.has(at)));
    }),
  );
});
