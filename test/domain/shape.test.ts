/** @file Shapes: what makes one sound, handles and moves, simplifying a hand-drawn line; the schema says the same. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { shape as shapeSchema, shapes as shapesSchema } from '../../shared/contract/shape.ts';
import {
  boundsOf,
  clipped,
  handlesOf,
  middleAfter,
  nearestEdge,
  isTooSmall,
  MAX_COORDINATE,
  movedBy,
  offSegment,
  SHAPE_KINDS,
  SHAPE_POINTS,
  shapeProblem,
  simplified,
  withHandle,
  withoutPoint,
  withPointAfter,
  type Shape,
} from '../../shared/domain/shape.ts';

const coordinate = fc.double({ min: -5000, max: 5000, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const kind = fc.constantFrom(...SHAPE_KINDS);
const anyShape: fc.Arbitrary<Shape> = kind.chain((one) => {
  const [fewest, most] = SHAPE_POINTS[one];
  return fc.record({
    id: fc.constant('a-1'),
    kind: fc.constant(one),
    frame: fc.nat(9),
    points: fc.array(point, { minLength: fewest, maxLength: Math.min(most, 30) }),
    text: fc.string(),
  });
});

it('takes every shape with the right number of points, through the schema too', () => {
  fc.assert(
    fc.property(anyShape, (shape) => {
      expect(shapeProblem(shape)).toBeNull();
      expect(shapeSchema.parse(JSON.parse(JSON.stringify(shape)))).toEqual(JSON.parse(JSON.stringify(shape)));
    }),
    { seed: 1 },
  );
});

it('refuses a wrong number of points, numbers that are none, and what lies beyond any film', () => {
  const length: Shape = {
    id: 'a',
    kind: 'length',
    frame: 0,
    points: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    text: '',
  };
  expect(shapeProblem({ ...length, kind: 'angle' })).toMatch(/"angle" has 3 points, not 2/);
  expect(shapeProblem({ ...length, kind: 'freehand' })).toMatch(/3 to 2000 points/);
  for (const x of [Number.NaN, Infinity, MAX_COORDINATE + 1]) {
    const bad = { ...length, points: [{ x, y: 0 }, ...length.points.slice(1)] };
    expect(shapeProblem(bad)).toMatch(/within/);
    expect(shapeSchema.safeParse(bad).success).toBe(false);
  }
  expect(shapeSchema.safeParse({ ...length, kind: 'angle' }).error?.issues[0]?.message).toMatch(/3 points/);
  expect(shapeSchema.safeParse({ ...length, id: '../x' }).success).toBe(false);
  expect(shapesSchema.safeParse([length, length]).success).toBe(false);
});

it('a handle that is dragged ends where it was dragged to; the others stay', () => {
  fc.assert(
    fc.property(anyShape, fc.nat(4), point, (shape, at, to) => {
      const before = handlesOf(shape);
      const moved = withHandle(shape, at, to);
      if (before[at] === undefined) {
        expect(moved).toBe(shape);
        return;
      }
      if (shape.kind === 'rectangle' || shape.kind === 'ellipse') {
        const opposite = before[(at + 2) % 4] ?? to;
        expect(boundsOf(moved.points)).toEqual(boundsOf([opposite, to]));
      } else {
        handlesOf(moved).forEach((handle, index) =>
          expect(handle).toEqual(index === at ? to : before[index]),
        );
      }
    }),
    { seed: 2 },
  );
});

it('an outline takes a point on an edge and gives it back; three points are left at least', () => {
  const outline = anyShape.filter(({ kind: one, points }) => one === 'freehand' && points.length < 30);
  fc.assert(
    fc.property(outline, fc.nat(29), (shape, any) => {
      const at = any % shape.points.length;
      const middle = middleAfter(shape, at);
      const more = withPointAfter(shape, at, middle);
      expect(shapeProblem(more)).toBeNull();
      expect(more.points[at + 1]).toEqual(middle);
      expect(withoutPoint(more, at + 1)).toEqual(shape);
      // the middle of an edge lies on an edge, that one or one that crosses it there
      const edge = nearestEdge(shape, middle);
      const [a, b] = [shape.points[edge], shape.points[(edge + 1) % shape.points.length]];
      expect(offSegment(middle, a ?? middle, b ?? middle)).toBeLessThan(1e-6);
      let fewer = shape;
      for (let turn = 0; turn < 40; turn++) fewer = withoutPoint(fewer, at % fewer.points.length);
      expect(fewer.points).toHaveLength(3);
    }),
    { seed: 6 },
  );
  const line: Shape = { id: 'a', kind: 'length', frame: 0, points: [], text: '' };
  expect(withPointAfter(line, 0, { x: 0, y: 0 })).toBe(line);
  const full: Shape = {
    ...line,
    kind: 'freehand',
    points: Array.from({ length: SHAPE_POINTS.freehand[1] }, (_, x) => ({ x, y: x % 7 })),
  };
  expect(withPointAfter(full, 0, { x: 0, y: 0 })).toBe(full);
});

it('a move there and back is the same shape', () => {
  fc.assert(
    fc.property(anyShape, coordinate, coordinate, (shape, dx, dy) => {
      const back = movedBy(movedBy(shape, dx, dy), -dx, -dy);
      back.points.forEach(({ x, y }, index) => {
        expect(x).toBeCloseTo(shape.points[index]?.x ?? NaN, 6);
        expect(y).toBeCloseTo(shape.points[index]?.y ?? NaN, 6);
      });
    }),
    { seed: 3 },
  );
});

it('knows a slip of the mouse from a shape', () => {
  const at = (...points: [number, number][]) => points.map(([x, y]) => ({ x, y }));
  expect(isTooSmall({ kind: 'length', points: at([0, 0], [1, 1]) }, 2)).toBe(true);
  expect(isTooSmall({ kind: 'length', points: at([0, 0], [0, 3]) }, 2)).toBe(false);
  expect(isTooSmall({ kind: 'rectangle', points: at([0, 0], [50, 1]) }, 2)).toBe(true);
  expect(isTooSmall({ kind: 'angle', points: at([0, 9], [0, 0], [0, 1]) }, 2)).toBe(true);
  expect(isTooSmall({ kind: 'ctr', points: at([0, 0], [90, 0], [20, 0], [21, 0]) }, 2)).toBe(true);
  expect(isTooSmall({ kind: 'probe', points: at([5, 5]) }, 2)).toBe(false);
});

it('a simplified line keeps its ends and stays within the tolerance of every point', () => {
  fc.assert(
    fc.property(
      fc.array(point, { minLength: 2, maxLength: 60 }),
      fc.double({ min: 0.1, max: 500, noNaN: true }),
      (points, tolerance) => {
        const kept = simplified(points, tolerance);
        expect(kept[0]).toBe(points[0]);
        expect(kept.at(-1)).toBe(points.at(-1));
        for (const one of points) {
          const off = kept.slice(1).map((to, index) => offSegment(one, kept[index] ?? to, to));
          expect(Math.min(...off)).toBeLessThanOrEqual(tolerance + 1e-9);
        }
      },
    ),
    { seed: 4 },
  );
});

it('clips to the film', () => {
  expect(clipped({ x: -3, y: 99 }, 50, 40)).toEqual({ x: 0, y: 50 });
  expect(clipped({ x: 7, y: 8 }, 50, 40)).toEqual({ x: 7, y: 8 });
});
