/** @file The picture of the first training films as the network sees them: a contact sheet, made before the first step. */
import { join } from 'node:path';

import { toGreyBytes } from '../../shared/domain/resample.ts';
import type { Recipe } from '../../shared/domain/recipe.ts';
import { encodePng } from '../dicom/render.ts';
import type { LibraryVault } from '../files/vault.ts';
import { epochFilms, epochView } from './epoch-order.ts';
import type { FilmSet } from './film-set.ts';
import type { InputView } from './model-input.ts';

export const FIRST_BATCH_FILE = 'first-batch.png';

const MOST_FILMS = 16;
const COLUMNS = 4;
/** Side of a patch that pre-training hides, in pixels. */
const PATCH = 16;
/** Pixels of black between two films. */
const GAP = 4;

export interface Sheet {
  /** Grey bytes, row-major. */
  readonly grey: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Square pictures [side × side, values 0..1] one after another in `images`, laid out in rows of four. */
export function contactSheet(images: Float32Array, side: number): Sheet {
  const area = side * side;
  const count = images.length / area;
  const cell = side + GAP;
  const width = COLUMNS * cell - GAP;
  const height = Math.ceil(count / COLUMNS) * cell - GAP;
  const grey = new Uint8Array(width * height);
  const bytes = toGreyBytes(images.map((value) => value * 255));
  for (let film = 0; film < count; film += 1) {
    const left = (film % COLUMNS) * cell;
    const top = Math.floor(film / COLUMNS) * cell;
    for (let row = 0; row < side; row += 1) {
      const from = film * area + row * side;
      grey.set(bytes.subarray(from, from + side), (top + row) * width + left);
    }
  }
  return { grey, width, height };
}

/** Blackens patches of a film [side²] in place; they are counted row by row. */
function hide(film: Float32Array, side: number, patches: Int32Array): void {
  const across = side / PATCH;
  for (const patch of patches) {
    const top = Math.floor(patch / across) * PATCH;
    const left = (patch % across) * PATCH;
    for (let row = top; row < top + PATCH; row += 1) {
      film.fill(0, row * side + left, row * side + left + PATCH);
    }
  }
}

/**
 * Writes the first films of the first epoch, up to 16 in training order, after augmentation and the round trip through
 * the low resolution, without the patches that are `hidden`, by position of the film. A film is known by its place on the sheet only: nothing is written on it.
 * @returns the picture's path @throws ServiceError DISK_FULL
 */
export async function writeFirstBatch(
  vault: LibraryVault,
  dir: string,
  films: FilmSet,
  settings: { readonly recipe: Recipe; readonly seed: number },
  input: InputView,
  hidden: (film: number) => Int32Array = () => new Int32Array(),
): Promise<string> {
  const { recipe, seed } = settings;
  const first = epochFilms(films.part('train'), seed, 0).subarray(0, MOST_FILMS);
  const images = films.images(first, input, epochView(recipe, 0));
  first.forEach((film, row) => {
    hide(images.subarray(row * input.side ** 2, (row + 1) * input.side ** 2), input.side, hidden(film));
  });
  const { grey, width, height } = contactSheet(images, input.side);
  const file = join(dir, FIRST_BATCH_FILE);
  await vault.write(file, await encodePng(grey, width, height));
  return file;
}
