/** @file A plain picture (PNG, JPEG, TIFF, BMP) without what its file says beside the pixels: written anew as PNG, boxes in black. */
import sharp from 'sharp';

import { FilmError } from '../film-error.ts';
import { readFilm } from '../film.ts';
import { coverBox } from './clean-pixels.ts';
import type { BlackBox } from './options.ts';

/**
 * The pixels as they were read, 8 or 16 bits a sample, as PNG.
 * @throws FilmError as reading the film does; NOT_CLEAN
 */
export async function cleanPicture(bytes: Uint8Array, boxes: readonly BlackBox[]): Promise<Uint8Array> {
  const film = await readFilm(bytes, '');
  const pixels = film.frame(0).slice();
  const { rows, cols, samples } = film;
  for (const box of boxes) coverBox(pixels, { rows, cols, samples }, box, Array<number>(samples).fill(0));
  const channels = samples === 1 ? 1 : 3;
  const wide = pixels.BYTES_PER_ELEMENT === 2;
  const picture = sharp(pixels as Uint8Array | Uint16Array, { raw: { width: cols, height: rows, channels } });
  const space = channels === 1 ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const png = new Uint8Array(await picture.toColourspace(space).png({ compressionLevel: 6 }).toBuffer());
  const again = (await readFilm(png, '')).frame(0);
  if (again.length === pixels.length && again.every((value, at) => value === pixels[at])) return png;
  throw new FilmError(
    'NOT_CLEAN',
    'The picture was written anew and did not read the same. It was not handed out; please report this.',
  );
}
