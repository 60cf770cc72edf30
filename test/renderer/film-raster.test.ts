/** @file What of a film is painted: averages that cover it exactly, never too few cells, all that is in sight. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  cellsOf,
  RasterLevels,
  reduced,
  reduction,
  type StoredPixels,
} from '../../renderer/src/viewer/film-raster.ts';

const film = fc
  .record({
    cols: fc.integer({ min: 1, max: 30 }),
    rows: fc.integer({ min: 1, max: 30 }),
    kind: fc.constantFrom(Uint8Array, Int8Array, Uint16Array, Int16Array),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ cols, rows, kind, seed }) => {
    const values: StoredPixels = new kind(cols * rows);
    for (let at = 0; at < values.length; at++) values[at] = (at * 7919 * seed) % 65_536;
    return { cols, rows, values };
  });

it('a cell is the average of the pixels that it covers, of the same kind', () => {
  fc.assert(
    fc.property(film, fc.constantFrom(2, 4, 8, 256), ({ values, cols, rows }, factor) => {
      const raster = reduced(values, cols, rows, factor);
      expect(raster.values.constructor).toBe(values.constructor);
      expect([raster.cols, raster.rows]).toEqual([Math.ceil(cols / factor), Math.ceil(rows / factor)]);
      raster.values.forEach((mean, cell) => {
        const [left, top] = [(cell % raster.cols) * factor, Math.floor(cell / raster.cols) * factor];
        let [sum, count] = [0, 0];
        for (let row = top; row < Math.min(rows, top + factor); row++) {
          for (let col = left; col < Math.min(cols, left + factor); col++, count++)
            sum += values[row * cols + col] ?? 0;
        }
        expect(Math.abs(mean - sum / count)).toBeLessThanOrEqual(0.5);
      });
    }),
  );
});

it('there is at least a cell a screen pixel, and at most two on a side', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 0.5, noNaN: true }), (scale) => {
      const cellsAPixel = 1 / scale / reduction(scale);
      expect(cellsAPixel).toBeGreaterThanOrEqual(1 - 1e-9);
      expect(cellsAPixel).toBeLessThan(2 + 1e-9);
    }),
  );
  expect([0.51, 1, 24, 0, NaN].map(reduction)).toEqual([1, 1, 1, 1, 1]);
});

it('the film itself is painted above half size, and a raster is made once', () => {
  const values = new Uint8Array(64);
  const levels = new RasterLevels(values, 8, 8);
  expect(levels.at(0.75).values).toBe(values);
  expect(levels.at(0.25)).toBe(levels.at(0.2));
  expect(levels.at(0.25).cols).toBe(2);
});

const raster = fc.record({
  cols: fc.integer({ min: 1, max: 6000 }),
  rows: fc.integer({ min: 1, max: 6000 }),
  cellWidth: fc.constantFrom(1, 2, 2.5),
  cellHeight: fc.constantFrom(1, 2, 2.5),
});
const coordinate = fc.double({ min: -9000, max: 20_000, noNaN: true });
const extent = fc.double({ min: 0, max: 9000, noNaN: true });

it('the part painted lies on the film and covers what is in sight of it', () => {
  fc.assert(
    fc.property(
      raster,
      fc.record({ x: coordinate, y: coordinate, width: extent, height: extent }),
      (of, seen) => {
        const { left, top, cols, rows } = cellsOf(of, seen);
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(Math.min(cols, rows)).toBeGreaterThanOrEqual(1);
        expect(left + cols).toBeLessThanOrEqual(of.cols);
        expect(top + rows).toBeLessThanOrEqual(of.rows);
        const covers = (from: number, count: number, start: number, length: number, most: number): boolean =>
          (from <= start || start < 0 || start >= most) &&
          (from + count >= Math.min(most, start + length) || start + length <= 0);
        expect(covers(left, cols, seen.x / of.cellWidth, seen.width / of.cellWidth, of.cols)).toBe(true);
        expect(covers(top, rows, seen.y / of.cellHeight, seen.height / of.cellHeight, of.rows)).toBe(true);
      },
    ),
  );
});

it('of a large film only a part is painted, and the same part a few pixels further', () => {
  const of = { cols: 4000, rows: 5000, cellWidth: 1, cellHeight: 1 };
  const part = cellsOf(of, { x: 1100, y: 2100, width: 800, height: 600 });
  expect(part).toEqual({ left: 1024, top: 2048, cols: 1024, rows: 768 });
  expect(cellsOf(of, { x: 1110, y: 2120, width: 800, height: 600 })).toEqual(part);
});
