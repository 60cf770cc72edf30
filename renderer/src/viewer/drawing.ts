/**
 * @file Drawing a shape, press by press: a press places a point, a drag from it places the next where it ends, so that both
 * "drag a line" and "click both ends" work. Plain values in film pixels.
 */
import type { Point } from '../../../shared/domain/geometry.ts';
import { MAX_SHAPE_POINTS, SHAPE_POINTS, simplified, type ShapeKind } from '../../../shared/domain/shape.ts';

export interface Drawing {
  readonly kind: ShapeKind;
  readonly placed: readonly Point[];
  /** Where the pointer is: the next point, not yet placed. */
  readonly cursor: Point;
  readonly pressed: boolean;
}

/** Places a point; begins a drawing when there is none. */
export function pressed(drawing: Drawing | null, kind: ShapeKind, at: Point): Drawing {
  return { kind, placed: [...(drawing?.placed ?? []), at], cursor: at, pressed: true };
}

/** The pointer moves; a freehand line grows while it is pressed. */
export function moved(drawing: Drawing, at: Point): Drawing {
  const grows = drawing.kind === 'freehand' && drawing.pressed && drawing.placed.length < 20_000;
  return { ...drawing, cursor: at, placed: grows ? [...drawing.placed, at] : drawing.placed };
}

/** @param least a shorter drag than this, film pixels, was a click */
export function released(drawing: Drawing, at: Point, least: number): Drawing {
  const last = drawing.placed.at(-1) ?? at;
  const dragged = Math.hypot(at.x - last.x, at.y - last.y) > least;
  const placed = dragged && !isComplete(drawing) ? [...drawing.placed, at] : drawing.placed;
  return { ...drawing, cursor: at, placed, pressed: false };
}

/** True when all points are placed; a freehand outline is when the pointer was let go. */
export function isComplete({ kind, placed, pressed: held }: Drawing): boolean {
  return kind === 'freehand' ? !held : placed.length >= SHAPE_POINTS[kind][1];
}

/** Points of the shape as it would be now. */
export function pointsOf({ kind, placed, cursor }: Drawing, tolerance: number): readonly Point[] {
  if (kind !== 'freehand') {
    return isComplete({ kind, placed, cursor, pressed: false }) ? placed : [...placed, cursor];
  }
  let line = simplified(placed, tolerance);
  for (let wider = tolerance * 2; line.length > MAX_SHAPE_POINTS; wider *= 2)
    line = simplified(placed, wider);
  return line;
}

/** A shape of its kind around a place, to be moved with the keyboard. `reach` in film pixels. */
export function standardPoints(kind: ShapeKind, { x, y }: Point, reach: number): readonly Point[] {
  const at = (dx: number, dy: number): Point => ({ x: x + dx * reach, y: y + dy * reach });
  switch (kind) {
    case 'length':
    case 'arrow':
      return [at(-1, 0), at(1, 0)];
    case 'angle':
      return [at(-1, -1), at(0, 0), at(1, -1)];
    case 'ctr':
      return [at(-2, 0.3), at(2, 0.3), at(-0.8, 0), at(1, 0)];
    case 'rectangle':
    case 'ellipse':
      return [at(-1, -1), at(1, 1)];
    case 'freehand':
      return Array.from({ length: 12 }, (_, index) =>
        at(Math.cos((index * Math.PI) / 6), Math.sin((index * Math.PI) / 6)),
      );
    case 'probe':
    case 'point':
      return [at(0, 0)];
  }
}
