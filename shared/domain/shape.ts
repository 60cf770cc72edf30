/**
 * @file What a person draws on a film: kinds, points in film pixels, and the plain changes of them (move, drag a handle,
 * clip). Viewer, reviews and exports share it; measures of a shape are in measure.ts, its schema in shared/contract/shape.ts.
 */
import type { Box, Point } from './geometry.ts';

export const SHAPE_KINDS = [
  'length',
  'angle',
  'ctr',
  'rectangle',
  'ellipse',
  'freehand',
  'probe',
  'arrow',
  'point',
] as const;
export type ShapeKind = (typeof SHAPE_KINDS)[number];

/** Longest note, characters. */
export const MAX_SHAPE_TEXT = 2000;
/** Most points of a freehand outline. */
export const MAX_SHAPE_POINTS = 2000;
/** No film is larger; a shape may reach as far beyond its edges. */
export const MAX_COORDINATE = 131_072;

/**
 * `points` are continuous film pixels, (0, 0) the outer corner of the upper left pixel (as in geometry.ts):
 * length [from, to] · angle [arm, vertex, arm] · ctr [thorax right, thorax left, heart right, heart left] · rectangle and
 * ellipse [corner, opposite corner] of the box along the film's axes · freehand the outline, closed by itself · probe and
 * point [place] · arrow [tip, tail].
 */
export interface Shape {
  /** Made by whoever draws it; unique on its film. */
  readonly id: string;
  readonly kind: ShapeKind;
  /** Frame of a film with several, from 0. */
  readonly frame: number;
  readonly points: readonly Point[];
  /** A note; the words of an arrow. */
  readonly text: string;
}

/** How many points a kind has: fewest and most. */
export const SHAPE_POINTS: Readonly<Record<ShapeKind, readonly [fewest: number, most: number]>> = {
  length: [2, 2],
  angle: [3, 3],
  ctr: [4, 4],
  rectangle: [2, 2],
  ellipse: [2, 2],
  freehand: [3, MAX_SHAPE_POINTS],
  probe: [1, 1],
  arrow: [2, 2],
  point: [1, 1],
};

/** Kinds that enclose an area: they have pixels to count. */
export function isRegion(kind: ShapeKind): boolean {
  return kind === 'rectangle' || kind === 'ellipse' || kind === 'freehand';
}

/** Why a shape is none, as a sentence; null when it is sound. */
export function shapeProblem(shape: Pick<Shape, 'kind' | 'points'>): string | null {
  const [fewest, most] = SHAPE_POINTS[shape.kind];
  const count = shape.points.length;
  if (count < fewest || count > most) {
    const wanted = fewest === most ? `${fewest}` : `${fewest} to ${most}`;
    return `A shape of the kind "${shape.kind}" has ${wanted} points, not ${count}.`;
  }
  const far = shape.points.some(
    ({ x, y }) => !(Math.abs(x) <= MAX_COORDINATE) || !(Math.abs(y) <= MAX_COORDINATE),
  );
  return far ? `A shape's points are numbers within ±${MAX_COORDINATE} film pixels.` : null;
}

/** True when nothing was really drawn: two points of it lie within `least` pixels on both axes, a region has no extent. */
export function isTooSmall({ kind, points }: Pick<Shape, 'kind' | 'points'>, least: number): boolean {
  if (kind === 'probe' || kind === 'point') return false;
  if (kind === 'rectangle' || kind === 'ellipse' || kind === 'freehand') {
    const box = boundsOf(points);
    return box.width < least || box.height < least;
  }
  const apart = (a: Point | undefined, b: Point | undefined): boolean =>
    a !== undefined && b !== undefined && Math.hypot(a.x - b.x, a.y - b.y) >= least;
  if (!apart(points[0], points[1])) return true;
  if (kind === 'angle') return !apart(points[1], points[2]);
  return kind === 'ctr' && !apart(points[2], points[3]);
}

/** The box around points. */
export function boundsOf(points: readonly Point[]): Box {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** A region as the box around it, its note left out: what is compared of places. Other shapes keep their points. */
export function asBox(shape: Shape): Shape {
  if (!isRegion(shape.kind)) return { ...shape, text: '' };
  const { x, y, width, height } = boundsOf(shape.points);
  const points = [
    { x, y },
    { x: x + width, y: y + height },
  ];
  return { ...shape, kind: 'rectangle', points, text: '' };
}

/** The shape moved by film pixels, whole. */
export function movedBy(shape: Shape, dx: number, dy: number): Shape {
  return { ...shape, points: shape.points.map(({ x, y }) => ({ x: x + dx, y: y + dy })) };
}

/**
 * Where the handles of a shape are. Rectangle and ellipse have their four corners (upper left, upper right, lower right,
 * lower left), the others their points.
 */
export function handlesOf({ kind, points }: Pick<Shape, 'kind' | 'points'>): readonly Point[] {
  if (kind !== 'rectangle' && kind !== 'ellipse') return points;
  const { x, y, width, height } = boundsOf(points);
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}

/** The shape with one handle dragged to a place; a corner's opposite stays. Unchanged for a handle it does not have. */
export function withHandle(shape: Shape, handle: number, to: Point): Shape {
  const handles = handlesOf(shape);
  if (handles[handle] === undefined) return shape;
  if (shape.kind === 'rectangle' || shape.kind === 'ellipse') {
    const opposite = handles[(handle + 2) % 4] ?? to;
    return { ...shape, points: [opposite, to] };
  }
  return { ...shape, points: shape.points.map((point, index) => (index === handle ? to : point)) };
}

/** The outline with a point more, between the point of that index and the next; unchanged when it has as many as it may have. */
export function withPointAfter(shape: Shape, index: number, at: Point): Shape {
  if (shape.kind !== 'freehand' || shape.points.length >= MAX_SHAPE_POINTS) return shape;
  return { ...shape, points: shape.points.toSpliced(index + 1, 0, at) };
}

/** The outline without a point; unchanged when no area would be left. */
export function withoutPoint(shape: Shape, index: number): Shape {
  if (shape.kind !== 'freehand' || shape.points.length <= SHAPE_POINTS.freehand[0]) return shape;
  return { ...shape, points: shape.points.toSpliced(index, 1) };
}

/** The middle of an outline's edge from the point of that index to the next. */
export function middleAfter({ points }: Pick<Shape, 'points'>, index: number): Point {
  const [a, b] = [points[index], points[(index + 1) % points.length]];
  return { x: ((a?.x ?? 0) + (b?.x ?? 0)) / 2, y: ((a?.y ?? 0) + (b?.y ?? 0)) / 2 };
}

/** Index of the point that an outline's nearest edge begins with. */
export function nearestEdge({ points }: Pick<Shape, 'points'>, to: Point): number {
  const far = points.map((point, index) =>
    offSegment(to, point, points[(index + 1) % points.length] ?? point),
  );
  return far.indexOf(Math.min(...far));
}

/** The nearest point on the film. */
export function clipped({ x, y }: Point, rows: number, cols: number): Point {
  return { x: Math.min(cols, Math.max(0, x)), y: Math.min(rows, Math.max(0, y)) };
}

/** A hand-drawn line with the points that matter: none of the others was farther than `tolerance` from it (Douglas–Peucker). */
export function simplified(points: readonly Point[], tolerance: number): readonly Point[] {
  const keep = new Uint8Array(points.length);
  keep[0] = 1;
  keep[points.length - 1] = 1;
  const spans: [number, number][] = [[0, points.length - 1]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    let farthest = -1;
    let distance = tolerance;
    for (let at = from + 1; at < to; at++) {
      const off = offSegment(points[at] as Point, points[from] as Point, points[to] as Point);
      if (off > distance) {
        farthest = at;
        distance = off;
      }
    }
    if (farthest < 0) continue;
    keep[farthest] = 1;
    spans.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, index) => keep[index] === 1);
}

/** Distance of a point from the segment a–b. */
export function offSegment(point: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((point.x - a.x) * dx + (point.y - a.y) * dy) / squared;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point.x - a.x - share * dx, point.y - a.y - share * dy);
}
