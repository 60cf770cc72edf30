/**
 * @file Agreement of two readers on where a finding is: boxes paired one to one by their overlap. Used by the agreement report,
 * a film and finding at a time.
 */
import type { Box } from '../../../shared/domain/geometry.ts';
import { MetricsError } from './binary-scores.ts';
import { proportion, type Proportion } from './normal-distribution.ts';

export interface BoxPair {
  /** Index in the first reader's list. */
  readonly a: number;
  readonly b: number;
  readonly iou: number;
}

export interface BoxMatch {
  readonly pairs: readonly BoxPair[];
  /** Boxes that only one of them drew. */
  readonly onlyA: number;
  readonly onlyB: number;
}

export interface BoxAgreement {
  readonly paired: number;
  readonly onlyA: number;
  readonly onlyB: number;
  /** Mean overlap of the pairs; null without a pair. */
  readonly meanIou: number | null;
  /** Paired boxes among all that were drawn by either, a pair counting as one. */
  readonly shared: Proportion;
}

/** Intersection over union, 0…1; 0 for boxes without an area. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

/**
 * Pairs boxes of one finding on one film, the best overlap first, each box once; the earlier of equals. Pairs overlap by at
 * least `least`.
 * @throws MetricsError `least` is not within (0, 1]
 */
export function matchBoxes(a: readonly Box[], b: readonly Box[], least = 0.5): BoxMatch {
  if (!(least > 0 && least <= 1))
    throw new MetricsError('The least overlap of a pair lies above 0 and up to 1.');
  const candidates = a
    .flatMap((box, i) => b.map((other, j) => ({ a: i, b: j, iou: boxIou(box, other) })))
    .filter(({ iou }) => iou >= least)
    .sort((one, two) => two.iou - one.iou || one.a - two.a || one.b - two.b);
  const takenA = new Set<number>();
  const takenB = new Set<number>();
  const pairs = candidates.filter((pair) => {
    if (takenA.has(pair.a) || takenB.has(pair.b)) return false;
    takenA.add(pair.a);
    takenB.add(pair.b);
    return true;
  });
  return { pairs, onlyA: a.length - pairs.length, onlyB: b.length - pairs.length };
}

/** Over films. */
export function boxAgreement(matches: readonly BoxMatch[]): BoxAgreement {
  const overlaps = matches.flatMap(({ pairs }) => pairs.map(({ iou }) => iou));
  const onlyA = matches.reduce((sum, match) => sum + match.onlyA, 0);
  const onlyB = matches.reduce((sum, match) => sum + match.onlyB, 0);
  const paired = overlaps.length;
  return {
    paired,
    onlyA,
    onlyB,
    meanIou: paired === 0 ? null : overlaps.reduce((sum, iou) => sum + iou, 0) / paired,
    shared: proportion(paired, paired + onlyA + onlyB),
  };
}
