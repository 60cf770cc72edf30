/** @file Measures of shapes: by hand, against a plain count of pixels, and laws that hold for every shape. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Point } from '../../shared/domain/geometry.ts';
import { IDENTITY_MODALITY } from '../../shared/domain/lut.ts';
import {
  angleOf,
  areaOf,
  cardiothoracicRatio,
  lengthOf,
  regionStatistics,
  unitOf,
  type PixelSize,
  type StoredFrame,
} from '../../shared/domain/measure.ts';

const at = (...points: readonly [number, number][]): Point[] => points.map(([x, y]) => ({ x, y }));
const p = (x: number, y: number): Point => ({ x, y });
const SQUARE: PixelSize = { spacing: null, aspect: 1 };
const TALL: PixelSize = { spacing: { row: 0.4, col: 0.1, source: 'detector' }, aspect: 4 };

describe('units', () => {
  it('millimetres only where the film gives a spacing, and from where', () => {
    expect(unitOf(SQUARE)).toBe('px');
    expect(unitOf(TALL)).toBe('mm-detector');
    expect(unitOf({ spacing: { row: 1, col: 1, source: 'calibrated' }, aspect: 1 })).toBe('mm-calibrated');
  });
  it('a length takes the row spacing down and the column spacing across', () => {
    expect(lengthOf(p(0, 0), p(30, 0), TALL)).toBeCloseTo(3, 12);
    expect(lengthOf(p(0, 0), p(0, 10), TALL)).toBeCloseTo(4, 12);
    expect(lengthOf(p(0, 0), p(30, 10), TALL)).toBeCloseTo(5, 12);
    expect(lengthOf(p(0, 0), p(0, 10), { spacing: null, aspect: 2 })).toBe(20);
  });
});

describe('angle', () => {
  it('is seen with the true shape of the pixels', () => {
    expect(angleOf(p(1, 0), p(0, 0), p(0, 1), SQUARE)).toBeCloseTo(90, 12);
    expect(angleOf(p(4, 0), p(0, 0), p(4, 1), TALL)).toBeCloseTo(45, 12);
    expect(angleOf(p(1, 0), p(0, 0), p(-1, 0), SQUARE)).toBeCloseTo(180, 12);
    expect(angleOf(p(0, 0), p(0, 0), p(1, 0), SQUARE)).toBeNull();
  });
  const coordinate = fc.integer({ min: -4000, max: 4000 });
  const point = fc.record({ x: coordinate, y: coordinate });
  it('the three angles of a triangle make 180°', () => {
    fc.assert(
      fc.property(point, point, point, (a, b, c) => {
        const all = [angleOf(c, a, b, TALL), angleOf(a, b, c, TALL), angleOf(b, c, a, TALL)];
        if (all.includes(null)) return;
        expect(all.reduce<number>((sum, one) => sum + (one ?? 0), 0)).toBeCloseTo(180, 6);
      }),
      { seed: 1 },
    );
  });
});

describe('cardiothoracic ratio', () => {
  it('is heart over thorax, along the thorax line', () => {
    const ratio = cardiothoracicRatio(at([100, 500], [500, 500], [220, 430], [420, 520]), SQUARE);
    expect(ratio).toEqual({ ratio: 0.5, heart: 200, thorax: 400 });
  });
  it('does not change when the film is turned', () => {
    const points = at([100, 500], [500, 500], [220, 430], [420, 520]);
    fc.assert(
      fc.property(fc.double({ min: -3.2, max: 3.2, noNaN: true }), (turn) => {
        const turned = points.map(({ x, y }) =>
          p(x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)),
        );
        expect(cardiothoracicRatio(turned, SQUARE)?.ratio).toBeCloseTo(0.5, 9);
      }),
      { seed: 2 },
    );
  });
  it('needs a thorax', () => {
    expect(cardiothoracicRatio(at([1, 1], [1, 1], [0, 0], [5, 0]), SQUARE)).toBeNull();
  });
});

it('areas of a rectangle, an ellipse and an outline', () => {
  expect(areaOf({ kind: 'rectangle', points: at([10, 20], [0, 0]) }, TALL)).toBeCloseTo(10 * 20 * 0.04, 12);
  expect(areaOf({ kind: 'ellipse', points: at([0, 0], [2, 2]) }, SQUARE)).toBeCloseTo(Math.PI, 12);
  expect(areaOf({ kind: 'freehand', points: at([0, 0], [4, 0], [4, 3]) }, SQUARE)).toBe(6);
  expect(areaOf({ kind: 'length', points: at([0, 0], [4, 0]) }, SQUARE)).toBeNull();
});

const ROWS = 40;
const COLS = 31;
const FRAME: StoredFrame = {
  pixels: Int16Array.from({ length: ROWS * COLS }, (_, index) => ((index * 7919) % 901) - 300),
  rows: ROWS,
  cols: COLS,
  minStored: -300,
  maxStored: 600,
  modality: { kind: 'rescale', slope: 2, intercept: -100 },
};

/** Mean and deviation of the pixels whose centres `inside` takes, the plain way. */
function counted(inside: (x: number, y: number) => boolean) {
  const values: number[] = [];
  for (let row = 0; row < ROWS; row++)
    for (let col = 0; col < COLS; col++)
      if (inside(col + 0.5, row + 0.5)) values.push((FRAME.pixels[row * COLS + col] ?? 0) * 2 - 100);
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { pixels: values.length, mean, sd, min: Math.min(...values), max: Math.max(...values) };
}

function expectSame(found: ReturnType<typeof regionStatistics>, wanted: ReturnType<typeof counted>): void {
  if (wanted === null) {
    expect(found).toBeNull();
    return;
  }
  expect(found?.pixels).toBe(wanted.pixels);
  expect(found?.min).toBe(wanted.min);
  expect(found?.max).toBe(wanted.max);
  expect(found?.mean).toBeCloseTo(wanted.mean, 8);
  expect(found?.sd).toBeCloseTo(wanted.sd, 8);
}

describe('statistics of a region', () => {
  // Off the grid of centres, so that no centre lies on a border; beyond the film as well.
  const x = fc.integer({ min: -10, max: COLS + 10 }).map((value) => value + 0.13);
  const y = fc.integer({ min: -10, max: ROWS + 10 }).map((value) => value + 0.13);
  const point = fc.record({ x, y });

  it('equals a count pixel by pixel: rectangle and ellipse', () => {
    fc.assert(
      fc.property(point, point, (a, b) => {
        const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
        const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
        expectSame(
          regionStatistics({ kind: 'rectangle', points: [a, b] }, FRAME),
          counted((cx, cy) => cx > left && cx < right && cy > top && cy < bottom),
        );
        const inside = (cx: number, cy: number): boolean =>
          ((2 * cx - left - right) / (right - left)) ** 2 + ((2 * cy - top - bottom) / (bottom - top)) ** 2 <
          1;
        expectSame(regionStatistics({ kind: 'ellipse', points: [a, b] }, FRAME), counted(inside));
      }),
      { seed: 3 },
    );
  });

  it('equals a count pixel by pixel: an outline, also one that crosses itself (even–odd)', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 9 }), (points) => {
        const inside = (cx: number, cy: number): boolean => {
          let odd = false;
          points.forEach((a, index) => {
            const b = points[(index + 1) % points.length] ?? a;
            if (a.y > cy !== b.y > cy && cx < ((b.x - a.x) * (cy - a.y)) / (b.y - a.y) + a.x) odd = !odd;
          });
          return odd;
        };
        expectSame(regionStatistics({ kind: 'freehand', points }, FRAME), counted(inside));
      }),
      { seed: 4 },
    );
  });

  it('two halves share no pixel and leave none out', () => {
    const whole = regionStatistics({ kind: 'rectangle', points: at([0, 0], [COLS, ROWS]) }, FRAME);
    for (const cut of [7, 7.5, 7.9]) {
      const left = regionStatistics({ kind: 'rectangle', points: at([0, 0], [cut, ROWS]) }, FRAME);
      const right = regionStatistics({ kind: 'rectangle', points: at([cut, 0], [COLS, ROWS]) }, FRAME);
      expect((left?.pixels ?? 0) + (right?.pixels ?? 0)).toBe(whole?.pixels);
    }
    expect(whole?.pixels).toBe(ROWS * COLS);
  });

  it('is none for a line and for a region beside the film', () => {
    expect(regionStatistics({ kind: 'length', points: at([0, 0], [9, 9]) }, FRAME)).toBeNull();
    expect(regionStatistics({ kind: 'rectangle', points: at([-9, -9], [-1, -1]) }, FRAME)).toBeNull();
    expect(
      regionStatistics(
        { kind: 'rectangle', points: at([2, 2], [2.2, 2.2]) },
        { ...FRAME, modality: IDENTITY_MODALITY },
      ),
    ).toBeNull();
  });
});
