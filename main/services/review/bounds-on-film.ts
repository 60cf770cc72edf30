/** @file The box around a mark, as far as it lies on its film. Exports and label versions use it. */
import type { Box } from '../../../shared/domain/geometry.ts';
import { boundsOf, isRegion, type Shape } from '../../../shared/domain/shape.ts';

/** In pixels. */
export interface FilmSize {
  readonly rows: number;
  readonly cols: number;
}

/** Film pixels; null for what encloses no area, and for what lies outside. */
export function boundsOnFilm(
  { kind, points }: Pick<Shape, 'kind' | 'points'>,
  { rows, cols }: FilmSize,
): Box | null {
  if (!isRegion(kind)) return null;
  const { x, y, width, height } = boundsOf(points);
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  const right = Math.min(cols, x + width);
  const bottom = Math.min(rows, y + height);
  if (right <= left || bottom <= top) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
