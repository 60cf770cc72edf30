/** @file Views of a film: mild affine and brightness changes of the 224 image (no flips, no inversion). */
import { toGreyBytes } from '../../../shared/domain/resample.ts';
import { uniformFor } from './random-bits.ts';

/** One geometric and photometric change. The identity is `PLAIN_VIEW`. */
export interface ViewSettings {
  /** Degrees, counter-clockwise, about the centre. */
  readonly rotation: number;
  /** Above 1 enlarges. */
  readonly scale: number;
  /** Pixels of the 224 image; positive moves the film right / down. */
  readonly shiftX: number;
  readonly shiftY: number;
  /** Grey levels of 255 that are added after the contrast change. */
  readonly brightness: number;
  /** Factor about mid-grey. */
  readonly contrast: number;
}

export const PLAIN_VIEW: ViewSettings = {
  rotation: 0,
  scale: 1,
  shiftX: 0,
  shiftY: 0,
  brightness: 0,
  contrast: 1,
};

/** Largest changes: ±10°, ±10 %, ±5 % of the side, ±15 grey levels, ±15 %. Upright, left stays left. */
export const VIEW_LIMITS = { rotation: 10, scale: 0.1, shift: 0.05, brightness: 15, contrast: 0.15 } as const;

/** All runs see the same views of a film, so that students of every seed share their teacher's cached answers. */
const VIEW_SEED = 1;

/** The view number `view` of film `film`. Depends on nothing else. */
export function viewSettings(view: number, film: number, side: number): ViewSettings {
  const around = (use: Parameters<typeof uniformFor>[3], limit: number) =>
    (2 * uniformFor(VIEW_SEED, view, film, use) - 1) * limit;
  return {
    rotation: around('rotation', VIEW_LIMITS.rotation),
    scale: 1 + around('scale', VIEW_LIMITS.scale),
    shiftX: around('shift-x', VIEW_LIMITS.shift * side),
    shiftY: around('shift-y', VIEW_LIMITS.shift * side),
    brightness: around('brightness', VIEW_LIMITS.brightness),
    contrast: 1 + around('contrast', VIEW_LIMITS.contrast),
  };
}

/**
 * The changed film as grey bytes. What comes from outside the film is black. Bilinear, pixel centres at half.
 * @param film grey bytes [side × side]
 */
export function renderView(film: Uint8Array, side: number, view: ViewSettings): Uint8Array {
  if (film.length !== side * side) {
    throw new RangeError(`A film of ${side} × ${side} has ${side * side} bytes, got ${film.length}.`);
  }
  if (Object.entries(PLAIN_VIEW).every(([key, value]) => view[key as keyof ViewSettings] === value)) {
    return film.slice();
  }
  const out = new Float32Array(film.length);
  const angle = (view.rotation * Math.PI) / 180;
  const cos = Math.cos(angle) / view.scale;
  const sin = Math.sin(angle) / view.scale;
  const centre = side / 2;
  const pixel = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < side && y < side ? (film[y * side + x] ?? 0) : 0;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      // Where this output pixel comes from: undo the shift, then rotation and scale about the centre.
      const dx = x + 0.5 - centre - view.shiftX;
      const dy = y + 0.5 - centre - view.shiftY;
      const sourceX = cos * dx - sin * dy + centre - 0.5;
      const sourceY = sin * dx + cos * dy + centre - 0.5;
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const right = sourceX - left;
      const below = sourceY - top;
      const upper = pixel(left, top) * (1 - right) + pixel(left + 1, top) * right;
      const lower = pixel(left, top + 1) * (1 - right) + pixel(left + 1, top + 1) * right;
      const grey = upper * (1 - below) + lower * below;
      out[y * side + x] = (grey - 127.5) * view.contrast + 127.5 + view.brightness;
    }
  }
  return toGreyBytes(out);
}
