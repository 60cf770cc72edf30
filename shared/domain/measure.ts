/**
 * @file What shapes measure: lengths, angles, areas, the cardiothoracic ratio, and statistics of the pixels inside. Honest
 * units: millimetres only where the film gives a spacing, and then with where that comes from; else pixels.
 */
import type { Point } from './geometry.ts';
import { applyModality, type ModalityLut } from './lut.ts';
import { boundsOf, type Shape } from './shape.ts';

/** Size of a pixel. `spacing` in millimetres; `aspect` its height : width. */
export interface PixelSize {
  readonly spacing: {
    readonly row: number;
    readonly col: number;
    readonly source: 'detector' | 'calibrated';
  } | null;
  readonly aspect: number;
}

/**
 * `mm-detector`: at the detector's plane, where a body part appears larger than it is; `mm-calibrated`: the file gives a
 * size in the body (PS3.3 10.7.1.3); `px`: widths of a pixel.
 */
export type LengthUnit = 'mm-detector' | 'mm-calibrated' | 'px';

export function unitOf({ spacing }: PixelSize): LengthUnit {
  return spacing === null ? 'px' : `mm-${spacing.source}`;
}

/** Width and height of a pixel in the unit of `unitOf`. */
function pixelSides({ spacing, aspect }: PixelSize): { readonly width: number; readonly height: number } {
  return spacing === null ? { width: 1, height: aspect } : { width: spacing.col, height: spacing.row };
}

/** Distance in the unit of `unitOf`. */
export function lengthOf(a: Point, b: Point, size: PixelSize): number {
  const { width, height } = pixelSides(size);
  return Math.hypot((b.x - a.x) * width, (b.y - a.y) * height);
}

/** Angle at `vertex` between the arms, degrees 0…180, as seen with the pixels' true shape; null when an arm has no length. */
export function angleOf(arm: Point, vertex: Point, other: Point, size: PixelSize): number | null {
  const { width, height } = pixelSides(size);
  const ax = (arm.x - vertex.x) * width;
  const ay = (arm.y - vertex.y) * height;
  const bx = (other.x - vertex.x) * width;
  const by = (other.y - vertex.y) * height;
  if ((ax === 0 && ay === 0) || (bx === 0 && by === 0)) return null;
  return (Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by) * 180) / Math.PI;
}

export interface CardiothoracicRatio {
  readonly ratio: number;
  /** Widths along the thorax line, in the unit of `unitOf`. */
  readonly heart: number;
  readonly thorax: number;
}

/**
 * Widest heart over widest inner thorax (Danzer 1919). Both widths are taken along the thorax line, which stands for the
 * transverse direction, so that the heart's two border points may lie at different heights. null without a thorax width.
 * @param points as of a `ctr` shape
 */
export function cardiothoracicRatio(points: readonly Point[], size: PixelSize): CardiothoracicRatio | null {
  const [right, left, heartRight, heartLeft] = points;
  if (right === undefined || left === undefined || heartRight === undefined || heartLeft === undefined)
    return null;
  const { width, height } = pixelSides(size);
  const thorax = lengthOf(right, left, size);
  if (thorax === 0) return null;
  const along =
    ((heartLeft.x - heartRight.x) * width * (left.x - right.x) * width +
      (heartLeft.y - heartRight.y) * height * (left.y - right.y) * height) /
    thorax;
  const heart = Math.abs(along);
  return { ratio: heart / thorax, heart, thorax };
}

/** Area of a region in the squared unit of `unitOf`; null for shapes that enclose none. A freehand outline must not cross itself. */
export function areaOf({ kind, points }: Pick<Shape, 'kind' | 'points'>, size: PixelSize): number | null {
  const { width, height } = pixelSides(size);
  const box = boundsOf(points);
  const pixel = width * height;
  if (kind === 'rectangle') return box.width * box.height * pixel;
  if (kind === 'ellipse') return (Math.PI / 4) * box.width * box.height * pixel;
  if (kind !== 'freehand') return null;
  let twice = 0;
  points.forEach((point, index) => {
    const next = points[(index + 1) % points.length] ?? point;
    twice += point.x * next.y - next.x * point.y;
  });
  return (Math.abs(twice) / 2) * pixel;
}

/** Of pixel values after the modality LUT; `sd` over all pixels (n in the denominator). */
export interface RegionStatistics {
  readonly pixels: number;
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly max: number;
}

/** A frame's stored values, [rows × cols], whole numbers of at most 16 bits. */
export interface StoredFrame {
  readonly pixels: ArrayLike<number>;
  readonly rows: number;
  readonly cols: number;
  readonly minStored: number;
  readonly maxStored: number;
  readonly modality: ModalityLut;
}

/**
 * Statistics of the pixels whose centres lie in the region and on the film (a centre on the border belongs to the region to
 * its right or below, so that regions side by side share none); null for no region or when none does.
 */
export function regionStatistics(
  shape: Pick<Shape, 'kind' | 'points'>,
  frame: StoredFrame,
): RegionStatistics | null {
  const { pixels, rows, cols, minStored, maxStored, modality } = frame;
  // Counted by stored value first: exact, and the modality LUT is asked once a value instead of once a pixel.
  const counts = new Float64Array(maxStored - minStored + 1);
  const box = boundsOf(shape.points);
  const first = Math.max(0, Math.ceil(box.y - 0.5));
  const last = Math.min(rows, Math.ceil(box.y + box.height - 0.5)) - 1;
  for (let row = first; row <= last; row++) {
    for (const [from, to] of spansAt(shape, row + 0.5)) {
      const start = Math.max(0, Math.ceil(from - 0.5));
      const end = Math.min(cols, Math.ceil(to - 0.5)) - 1;
      for (let at = row * cols + start; at <= row * cols + end; at++) {
        const value = (pixels[at] ?? 0) - minStored;
        counts[value] = (counts[value] ?? 0) + 1;
      }
    }
  }
  return statisticsOf(counts, minStored, modality);
}

/** Where a horizontal line at height `y` runs inside a region: pairs from, to. */
function spansAt({ kind, points }: Pick<Shape, 'kind' | 'points'>, y: number): [number, number][] {
  const box = boundsOf(points);
  if (kind === 'rectangle') return [[box.x, box.x + box.width]];
  if (kind === 'ellipse') {
    const share = (y - box.y - box.height / 2) / (box.height / 2);
    const half = Math.sqrt(Math.max(0, 1 - share * share)) * (box.width / 2);
    return half > 0 ? [[box.x + box.width / 2 - half, box.x + box.width / 2 + half]] : [];
  }
  if (kind !== 'freehand') return [];
  const crossings: number[] = [];
  points.forEach((a, index) => {
    const b = points[(index + 1) % points.length] ?? a;
    if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  crossings.sort((a, b) => a - b);
  const spans: [number, number][] = [];
  for (let at = 0; at + 1 < crossings.length; at += 2) {
    spans.push([crossings[at] ?? 0, crossings[at + 1] ?? 0]);
  }
  return spans;
}

function statisticsOf(
  counts: Float64Array,
  minStored: number,
  modality: ModalityLut,
): RegionStatistics | null {
  let pixels = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  const values = new Float64Array(counts.length);
  counts.forEach((count, at) => {
    if (count === 0) return;
    const value = applyModality(modality, minStored + at);
    values[at] = value;
    pixels += count;
    sum += count * value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  });
  if (pixels === 0) return null;
  const mean = sum / pixels;
  let squares = 0;
  counts.forEach((count, at) => {
    squares += count * ((values[at] ?? 0) - mean) ** 2;
  });
  return { pixels, mean, sd: Math.sqrt(squares / pixels), min, max };
}
