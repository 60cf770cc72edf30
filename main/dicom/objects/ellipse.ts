/** @file An ellipse as a graphic of reports and presentation states: by its axes, or as an outline where it reaches over the film's edge. */
import type { Box, Point } from '../../../shared/domain/geometry.ts';
import { graphicData } from './signed-read.ts';

export interface Graphic {
  readonly type: 'POINT' | 'POLYLINE' | 'ELLIPSE';
  /** [column, row, …] */
  readonly data: number[];
}

interface FilmSize {
  readonly rows: number;
  readonly cols: number;
}

/** Points of an outline. */
const OUTLINE = 72;

/** ELLIPSE: the ends of the longer axis, then of the shorter one (PS3.3 C.10.5.1.2, C.18.6.1.2), which all have to lie on the film. */
export function ellipseOn(box: Box, film: FilmSize): Graphic {
  const { x, y, width, height } = box;
  const [middle, half] = [
    { x: x + width / 2, y: y + height / 2 },
    { x: width / 2, y: height / 2 },
  ];
  if (x < 0 || y < 0 || x + width > film.cols || y + height > film.rows) {
    const round = Array.from({ length: OUTLINE }, (_, at) => {
      const angle = (at / OUTLINE) * 2 * Math.PI;
      return { x: middle.x + half.x * Math.cos(angle), y: middle.y + half.y * Math.sin(angle) };
    });
    const within = onFilm(round, film);
    const [first] = within;
    // an ellipse that only reaches the film by its box has no part on it: the nearest edge
    const outline = first === undefined ? round : [...within, first];
    return { type: 'POLYLINE', data: graphicData(outline, film) };
  }
  const across = [
    { x, y: middle.y },
    { x: x + width, y: middle.y },
  ];
  const down = [
    { x: middle.x, y },
    { x: middle.x, y: y + height },
  ];
  return {
    type: 'ELLIPSE',
    data: graphicData(width >= height ? [...across, ...down] : [...down, ...across], film),
  };
}

/** The part of a convex outline that lies on the film (Sutherland & Hodgman 1974); empty = none. */
function onFilm(outline: readonly Point[], { rows, cols }: FilmSize): readonly Point[] {
  /** How far inside of an edge a point lies. */
  const edges: readonly ((point: Point) => number)[] = [
    ({ x }) => x,
    ({ y }) => y,
    ({ x }) => cols - x,
    ({ y }) => rows - y,
  ];
  return edges.reduce<readonly Point[]>(
    (points, inside) =>
      points.flatMap((point, at) => {
        const before = points.at(at - 1) ?? point;
        const [there, here] = [inside(before), inside(point)];
        const crossed = there / (there - here);
        const edge = {
          x: before.x + (point.x - before.x) * crossed,
          y: before.y + (point.y - before.y) * crossed,
        };
        if (here >= 0) return there < 0 ? [edge, point] : [point];
        return there >= 0 ? [edge] : [];
      }),
    outline,
  );
}
