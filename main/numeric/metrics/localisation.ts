/**
 * @file Whether a map points at what readers drew: pointing game, energy in the boxes, IoU with them; and the mean-box prior
 * that a map has to beat. Everything on the model's square of `side` × `side` pixels; undefined is null.
 */
import type { Box } from '../../../shared/domain/geometry.ts';
import { bilinear } from '../../../shared/domain/resample.ts';

/** Tolerance of the pointing game at 224 px (Zhang et al. 2018, Excitation Backprop): pixels. */
export const POINTING_TOLERANCE = 15;

/** Shares of a map's peak at which it is cut for the IoU: 0.05, 0.10 … 0.95. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 19 }, (_, index) => (index + 1) / 20);

/** One map against the boxes of one finding on one film. */
export interface Localised {
  /** 1 = the peak lies in a box or within the tolerance of one; with equal peaks the share of them that does. */
  readonly pointing: number | null;
  /** Share of the positive mass inside the union of the boxes. */
  readonly energy: number | null;
  /** IoU of the union of the boxes with the map at or above each of `IOU_THRESHOLDS`. */
  readonly iou: readonly (number | null)[];
}

/** A grid of `grid` × `grid` cells that stretches over the square → [side²], half-pixel centres. */
export function enlargeMap(values: ArrayLike<number>, grid: number, side: number): Float32Array {
  return grid === side
    ? Float32Array.from(values)
    : Float32Array.from(bilinear(values, grid, grid, side, side));
}

const isInside = (x: number, y: number, box: Box): boolean =>
  x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

/** Union of boxes as 0 and 1, [side²]. A pixel is inside where its centre is. */
export function boxMask(boxes: readonly Box[], side: number): Float32Array {
  const mask = new Float32Array(side * side);
  for (let at = 0; at < mask.length; at += 1) {
    const [x, y] = [(at % side) + 0.5, Math.floor(at / side) + 0.5];
    if (boxes.some((box) => isInside(x, y, box))) mask[at] = 1;
  }
  return mask;
}

/** Mean mask of a finding over training films, [side²]; null without a film. */
export function meanMask(masks: readonly Float32Array[]): Float32Array | null {
  const [first] = masks;
  if (first === undefined) return null;
  return first.map((_, at) => masks.reduce((sum, mask) => sum + (mask[at] ?? 0), 0) / masks.length);
}

/** Distance from a point to a box; 0 inside. */
function distance(x: number, y: number, box: Box): number {
  const across = Math.max(box.x - x, 0, x - box.x - box.width);
  const down = Math.max(box.y - y, 0, y - box.y - box.height);
  return Math.hypot(across, down);
}

/** `map` is [side²]; boxes in pixels of the same square. A map without positive mass says nothing: null. */
export function localise(
  map: Float32Array,
  boxes: readonly Box[],
  side: number,
  tolerance = POINTING_TOLERANCE,
): Localised {
  const peak = map.reduce((largest, value) => Math.max(largest, value), 0);
  if (!(peak > 0) || boxes.length === 0) {
    return { pointing: null, energy: null, iou: IOU_THRESHOLDS.map(() => null) };
  }
  const mask = boxMask(boxes, side);
  let [peaks, hits, mass, inside] = [0, 0, 0, 0];
  map.forEach((value, at) => {
    if (value > 0) {
      mass += value;
      if (mask[at] === 1) inside += value;
    }
    if (value !== peak) return;
    peaks += 1;
    const [x, y] = [(at % side) + 0.5, Math.floor(at / side) + 0.5];
    if (boxes.some((box) => distance(x, y, box) <= tolerance)) hits += 1;
  });
  return {
    pointing: hits / peaks,
    energy: inside / mass,
    iou: IOU_THRESHOLDS.map((share) => intersectionOverUnion(map, mask, share * peak)),
  };
}

function intersectionOverUnion(map: Float32Array, mask: Float32Array, from: number): number | null {
  let [both, either] = [0, 0];
  map.forEach((value, at) => {
    const [above, boxed] = [value >= from, mask[at] === 1];
    if (above && boxed) both += 1;
    if (above || boxed) either += 1;
  });
  return either === 0 ? null : both / either;
}

/** Index of the threshold with the largest mean IoU over films, the lowest of equals; null where none is defined. */
export function bestThreshold(films: readonly Localised[]): number | null {
  let best: { readonly index: number; readonly mean: number } | null = null;
  for (const index of IOU_THRESHOLDS.keys()) {
    const mean = meanKnown(films.map(({ iou }) => iou[index] ?? null));
    if (mean !== null && (best === null || mean > best.mean)) best = { index, mean };
  }
  return best?.index ?? null;
}

/** Null where nothing is known. */
export function meanKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
