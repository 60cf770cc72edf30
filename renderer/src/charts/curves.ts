/** @file Curves as charts take them: plain points; joined for uPlot, and as a table for saving. */
import type { AlignedData } from 'uplot';

export interface Curve {
  readonly label: string;
  /** A CSS colour or a custom property such as `--accent`. */
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dash?: readonly number[] | undefined;
  readonly width?: number | undefined;
  /** Only dots, no line. */
  readonly dots?: boolean | undefined;
  /** Size of the dots at its points, pixels; 0 = none. Left out: small ones while there are few points. */
  readonly dotSize?: number | undefined;
  /** No label at its end. */
  readonly quiet?: boolean | undefined;
  /** Follows the steps of the data instead of straight lines between the points. */
  readonly stepped?: boolean | undefined;
}

/** Shift that makes equal x of one curve different, far below what a screen can show. */
const NUDGE = 1e-9;

/** One x axis over all curves. A curve with several points at one x (the steps of a ROC curve) keeps all of them. */
export function alignCurves(curves: readonly Curve[]): AlignedData {
  const nudged = curves.map((curve) => increasing(curve.points));
  const xs = [...new Set(nudged.flatMap((points) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const at = new Map(xs.map((x, index) => [x, index]));
  const ys = nudged.map((points) => {
    const values: (number | null)[] = new Array<number | null>(xs.length).fill(null);
    for (const [x, y] of points) {
      const index = at.get(x);
      if (index !== undefined) values[index] = y;
    }
    return values;
  });
  return [xs, ...ys];
}

function increasing(points: Curve['points']): [number, number][] {
  const sorted = points.map(([x, y], order) => ({ x, y, order }));
  sorted.sort((a, b) => a.x - b.x || a.order - b.order);
  let last = Number.NEGATIVE_INFINITY;
  return sorted.map(({ x, y }) => {
    last = x > last ? x : last + NUDGE;
    return [last, y];
  });
}

/** All points as rows of a CSV: curve, x, y. */
export function curveRows(curves: readonly Curve[], xLabel: string, yLabel: string): (string | number)[][] {
  return [
    ['curve', xLabel, yLabel],
    ...curves.flatMap((curve) => curve.points.map(([x, y]) => [curve.label, x, y])),
  ];
}
