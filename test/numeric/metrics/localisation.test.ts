/** @file Localisation by hand: points, masses and overlaps that can be counted on squared paper. */
import { describe, expect, it } from 'vitest';

import {
  bestThreshold,
  boxMask,
  enlargeMap,
  IOU_THRESHOLDS,
  localise,
  meanMask,
} from '../../../main/numeric/metrics/localisation.ts';

const SIDE = 10;
const box = { x: 2, y: 3, width: 4, height: 2 };

/** [SIDE²] with some values set by column and row. */
function mapOf(...values: readonly (readonly [column: number, row: number, value: number])[]): Float32Array {
  const map = new Float32Array(SIDE * SIDE);
  for (const [column, row, value] of values) map[row * SIDE + column] = value;
  return map;
}

describe('the pointing game', () => {
  it('is a hit inside the box, and outside only within the tolerance', () => {
    expect(localise(mapOf([2, 3, 1]), [box], SIDE, 0).pointing).toBe(1);
    expect(localise(mapOf([6, 3, 1]), [box], SIDE, 0).pointing).toBe(0);
    // The centre of column 6 lies half a pixel right of the box, that of (7, 6) 1.5 right and 1.5 below.
    expect(localise(mapOf([6, 3, 1]), [box], SIDE, 0.5).pointing).toBe(1);
    expect(localise(mapOf([7, 6, 1]), [box], SIDE, Math.hypot(1.5, 1.5) - 0.01).pointing).toBe(0);
    expect(localise(mapOf([7, 6, 1]), [box], SIDE, Math.hypot(1.5, 1.5)).pointing).toBe(1);
  });

  it('shares equal peaks', () => {
    expect(localise(mapOf([2, 3, 1], [9, 9, 1], [0, 0, 1], [5, 4, 1]), [box], SIDE, 0).pointing).toBe(0.5);
  });

  it('takes 15 px at 224 unless told otherwise', () => {
    const map = new Float32Array(224 * 224);
    map[100 * 224 + 114] = 1; // centre 14.5 px right of the box
    const at = { x: 90, y: 95, width: 10, height: 10 };
    expect(localise(map, [at], 224).pointing).toBe(1);
    expect(localise(map, [{ ...at, x: 89 }], 224).pointing).toBe(0);
  });
});

describe('energy and overlap', () => {
  it('count mass inside the union of overlapping boxes once', () => {
    const map = mapOf([2, 3, 2], [5, 4, 1], [9, 9, 1]);
    expect(localise(map, [box], SIDE).energy).toBe(0.75);
    expect(localise(map, [box, { ...box, x: 4 }], SIDE).energy).toBe(0.75);
  });

  it('leave out what is negative', () => {
    expect(localise(mapOf([2, 3, 1], [9, 9, -5]), [box], SIDE).energy).toBe(1);
  });

  it('cut the map at shares of its peak', () => {
    // At 0.5 and below: 2 pixels of 8 in the box and one outside → 2 / 9; above: 1 / 8.
    const { iou } = localise(mapOf([2, 3, 2], [3, 3, 1], [9, 9, 1]), [box], SIDE);
    expect(iou[IOU_THRESHOLDS.indexOf(0.5)]).toBeCloseTo(2 / 9, 12);
    expect(iou[IOU_THRESHOLDS.indexOf(0.55)]).toBeCloseTo(1 / 8, 12);
  });

  it('are whole for the mask of the box itself', () => {
    const { pointing, energy, iou } = localise(boxMask([box], SIDE), [box], SIDE);
    expect([pointing, energy, ...iou]).toEqual(Array.from({ length: 21 }, () => 1));
  });

  it('are undefined for a map that says nothing', () => {
    const { pointing, energy, iou } = localise(new Float32Array(100), [box], SIDE);
    expect([pointing, energy]).toEqual([null, null]);
    expect(new Set(iou)).toEqual(new Set([null]));
  });
});

describe('the prior and the threshold', () => {
  it('average the masks of the training films', () => {
    const mean = meanMask([boxMask([box], SIDE), boxMask([{ ...box, x: 4 }], SIDE)]);
    expect([2, 4, 7, 8].map((column) => mean?.[3 * SIDE + column])).toEqual([0.5, 1, 0.5, 0]);
    expect(meanMask([])).toBeNull();
  });

  it('take one threshold for all films, the lowest of equals', () => {
    const film = (...iou: number[]) => ({ pointing: 1, energy: 1, iou });
    expect(bestThreshold([film(0.2, 0.6, 0.1), film(0.9, 0.4, 0.2)])).toBe(0);
    expect(bestThreshold([film(0.5, 0.5)])).toBe(0);
    expect(bestThreshold([])).toBeNull();
  });
});

it('a grid stretches over the whole square: the peak of a cell lies at its centre', () => {
  const grid = new Float32Array(14 * 14);
  grid[3 * 14 + 9] = 1;
  const map = enlargeMap(grid, 14, 224);
  const centre = { x: 9 * 16 + 7, y: 3 * 16 + 7, width: 2, height: 2 };
  expect(localise(map, [centre], 224, 0).pointing).toBe(1);
  expect(map.reduce((sum, value) => sum + value, 0)).toBeCloseTo(256, 2);
});
