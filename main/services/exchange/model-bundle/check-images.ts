/** @file Images that nobody is on, the same on every machine: a model is known again by what it answers to them. */
import { MODEL_SIDE } from '../../../../shared/domain/geometry.ts';

export const CHECK_IMAGES = 4;

/** Answers further apart than this are those of another model; machines differ by less than a thousandth of it. */
export const MOST_APART = 1e-3;

/** [224 × 224] greys: a soft blob on a slope, with a fixed grain (Park–Miller). */
export function checkImage(index: number): Uint8Array {
  const image = new Uint8Array(MODEL_SIDE * MODEL_SIDE);
  let state = 48271 * (index + 1);
  const [cx, cy, r] = [60 + 35 * index, 150 - 25 * index, 30 + 12 * index];
  for (let y = 0; y < MODEL_SIDE; y++) {
    for (let x = 0; x < MODEL_SIDE; x++) {
      state = (state * 48271) % 2147483647;
      const away = Math.abs(x - cx) + Math.abs(y - cy);
      const blob = Math.max(0, r - away) * (index % 2 === 0 ? 3 : -2);
      image[y * MODEL_SIDE + x] = Math.max(0, Math.min(255, 40 + ((x + y) >> 2) + blob + (state % 32)));
    }
  }
  return image;
}

export const checkImages = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, index) => checkImage(index));
