/**
 * @file Where a film lies in its viewport: one matrix from film pixels to CSS pixels of the viewport, and back. Greys,
 * attention maps, boxes and shapes all go through it, so that nothing can lie beside what it was drawn on.
 */
import type { Point } from '../../../shared/domain/geometry.ts';

/** x' = a·x + c·y + e, y' = b·x + d·y + f, as in a canvas. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export interface FilmShape {
  readonly cols: number;
  readonly rows: number;
  /** Height : width of a pixel. */
  readonly aspect: number;
}

export interface Placement {
  /** 1 = the whole film fits the viewport. */
  readonly zoom: number;
  /** Offset of the film's centre from the viewport's, in widths and heights of the film, along the film's own axes. */
  readonly panX: number;
  readonly panY: number;
  /** Clockwise, degrees, after the flip. */
  readonly rotation: number;
  /** Left and right changed, before the turn. */
  readonly flipped: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of the film in CSS pixels at scale 1, pixels made square: the finer axis keeps its size. */
function upright({ cols, rows, aspect }: FilmShape): Size {
  return { width: cols * Math.max(1, 1 / aspect), height: rows * Math.max(1, aspect) };
}

/** CSS pixels a film pixel, along the axis that is not stretched. */
export function scaleOf(film: FilmShape, { zoom, rotation }: Placement, viewport: Size): number {
  const { width, height } = upright(film);
  const turn = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.abs(Math.cos(turn)), Math.abs(Math.sin(turn))];
  const fit = Math.min(
    viewport.width / (width * cos + height * sin),
    viewport.height / (width * sin + height * cos),
  );
  return (fit > 0 ? fit : 1) * zoom;
}

export function filmMatrix(film: FilmShape, place: Placement, viewport: Size): Affine {
  const scale = scaleOf(film, place, viewport);
  const sx = scale * Math.max(1, 1 / film.aspect) * (place.flipped ? -1 : 1);
  const sy = scale * Math.max(1, film.aspect);
  // Quarter turns are exact: cos 90° is 6e-17 in floating point.
  const quarters = place.rotation / 90;
  const turn = (place.rotation * Math.PI) / 180;
  const exact = Number.isInteger(quarters);
  const cos = exact ? ([1, 0, -1, 0][((quarters % 4) + 4) % 4] ?? 1) : Math.cos(turn);
  const sin = exact ? ([0, 1, 0, -1][((quarters % 4) + 4) % 4] ?? 0) : Math.sin(turn);
  const [a, b, c, d] = [cos * sx, sin * sx, -sin * sy, cos * sy];
  // The film's point in the middle of the viewport.
  const x = (0.5 - place.panX) * film.cols;
  const y = (0.5 - place.panY) * film.rows;
  return { a, b, c, d, e: viewport.width / 2 - a * x - c * y, f: viewport.height / 2 - b * x - d * y };
}

export function apply({ a, b, c, d, e, f }: Affine, { x, y }: Point): Point {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** The way back. The matrix of a film with extent always has one. */
export function inverse({ a, b, c, d, e, f }: Affine): Affine {
  const determinant = a * d - b * c;
  return {
    a: d / determinant,
    b: -b / determinant,
    c: -c / determinant,
    d: a / determinant,
    e: (c * f - d * e) / determinant,
    f: (b * e - a * f) / determinant,
  };
}
