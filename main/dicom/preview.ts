/** @file A large film small enough to be on the screen at once: what the window shows while the film itself is decoded. */
import sharp from 'sharp';

import { areaAverage, toGreyBytes } from '../../shared/domain/resample.ts';
import type { DecodedFilm } from './film.ts';
import { displayImage } from './render.ts';

/** Films of more pixels have a preview; smaller ones are decoded in less time than a person notices. */
export const PREVIEW_FROM_PIXELS = 4_000_000;
/** Long side of a preview, pixels: a film fits most viewports with fewer. */
const PREVIEW_SIDE = 1600;
const QUALITY = 90;

/** True when a preview of the film is worth its place: it is large and grey. */
export function wantsPreview({ rows, cols, samples, photometric }: DecodedFilm): boolean {
  return rows * cols > PREVIEW_FROM_PIXELS && samples === 1 && photometric !== 'PALETTE COLOR';
}

/** Frame 0 as displayed, JPEG in greys, long side 1600 px, pixels of the film's own shape (not made square). */
export async function previewPicture(film: DecodedFilm): Promise<Uint8Array> {
  const factor = Math.min(1, PREVIEW_SIDE / Math.max(film.rows, film.cols));
  const width = Math.max(1, Math.round(film.cols * factor));
  const height = Math.max(1, Math.round(film.rows * factor));
  const grey = toGreyBytes(areaAverage(displayImage(film), film.cols, film.rows, width, height));
  const picture = sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
  return new Uint8Array(await picture.jpeg({ quality: QUALITY }).toBuffer());
}
