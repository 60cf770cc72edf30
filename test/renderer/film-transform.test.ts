/** @file Film ↔ viewport: there and back, the whole film in sight when it fits, turns and flips, what a zoom keeps in place. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  apply,
  filmMatrix,
  inverse,
  type FilmShape,
  type Placement,
} from '../../renderer/src/viewer/film-transform.ts';

const film: fc.Arbitrary<FilmShape> = fc.record({
  cols: fc.integer({ min: 1, max: 6000 }),
  rows: fc.integer({ min: 1, max: 6000 }),
  aspect: fc.double({ min: 0.2, max: 5, noNaN: true }),
});
const size = fc.record({
  width: fc.integer({ min: 50, max: 3000 }),
  height: fc.integer({ min: 50, max: 3000 }),
});
const place: fc.Arbitrary<Placement> = fc.record({
  zoom: fc.double({ min: 0.25, max: 24, noNaN: true }),
  panX: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  panY: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  rotation: fc.integer({ min: -720, max: 720 }),
  flipped: fc.boolean(),
});
const OPEN: Placement = { zoom: 1, panX: 0, panY: 0, rotation: 0, flipped: false };
const share = fc.double({ min: 0, max: 1, noNaN: true });

it('there and back is the same point', () => {
  fc.assert(
    fc.property(film, place, size, share, share, (one, at, viewport, x, y) => {
      const matrix = filmMatrix(one, at, viewport);
      const point = { x: x * one.cols, y: y * one.rows };
      const back = apply(inverse(matrix), apply(matrix, point));
      expect(back.x / one.cols).toBeCloseTo(x, 6);
      expect(back.y / one.rows).toBeCloseTo(y, 6);
    }),
    { seed: 1 },
  );
});

it('a film that fits lies whole in the viewport and touches it, however it is turned', () => {
  fc.assert(
    fc.property(
      film,
      size,
      fc.integer({ min: 0, max: 359 }),
      fc.boolean(),
      (one, viewport, rotation, flipped) => {
        const matrix = filmMatrix(one, { ...OPEN, rotation, flipped }, viewport);
        const corners = [
          [0, 0],
          [one.cols, 0],
          [0, one.rows],
          [one.cols, one.rows],
        ].map(([x = 0, y = 0]) => apply(matrix, { x, y }));
        const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
        const [left, right] = [Math.min(...xs), Math.max(...xs)];
        const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
        expect(left).toBeGreaterThan(-1e-6);
        expect(top).toBeGreaterThan(-1e-6);
        expect(right).toBeLessThan(viewport.width + 1e-6);
        expect(bottom).toBeLessThan(viewport.height + 1e-6);
        expect(Math.min(viewport.width - (right - left), viewport.height - (bottom - top))).toBeCloseTo(0, 6);
      },
    ),
    { seed: 2 },
  );
});

it('a quarter turn takes the upper left corner to the upper right, a flip changes left and right', () => {
  const one = { cols: 100, rows: 200, aspect: 1 };
  const viewport = { width: 400, height: 400 };
  expect(apply(filmMatrix(one, OPEN, viewport), { x: 0, y: 0 })).toEqual({ x: 100, y: 0 });
  expect(apply(filmMatrix(one, { ...OPEN, rotation: 90 }, viewport), { x: 0, y: 0 })).toEqual({
    x: 400,
    y: 100,
  });
  expect(apply(filmMatrix(one, { ...OPEN, flipped: true }, viewport), { x: 0, y: 0 })).toEqual({
    x: 300,
    y: 0,
  });
  // Flipped first, then turned.
  const both = filmMatrix(one, { ...OPEN, rotation: 90, flipped: true }, viewport);
  expect(apply(both, { x: 0, y: 0 })).toEqual({ x: 400, y: 300 });
});

it('turning and zooming keep the point in the middle of the viewport', () => {
  fc.assert(
    fc.property(film, place, size, fc.integer({ min: 0, max: 359 }), (one, at, viewport, rotation) => {
      const middle = { x: viewport.width / 2, y: viewport.height / 2 };
      const before = apply(inverse(filmMatrix(one, at, viewport)), middle);
      const after = apply(inverse(filmMatrix(one, { ...at, rotation, zoom: at.zoom * 2 }, viewport)), middle);
      expect(after.x / one.cols).toBeCloseTo(before.x / one.cols, 6);
      expect(after.y / one.rows).toBeCloseTo(before.y / one.rows, 6);
    }),
    { seed: 3 },
  );
});

it('a pixel that is twice as tall as wide is shown so', () => {
  const matrix = filmMatrix({ cols: 100, rows: 100, aspect: 2 }, OPEN, { width: 800, height: 800 });
  expect(matrix.d / matrix.a).toBeCloseTo(2, 9);
  const turned = filmMatrix(
    { cols: 100, rows: 100, aspect: 2 },
    { ...OPEN, rotation: 90 },
    { width: 800, height: 800 },
  );
  expect(Math.hypot(turned.c, turned.d) / Math.hypot(turned.a, turned.b)).toBeCloseTo(2, 9);
});
