/** @file The first frame of a film as a person sees it, on a canvas: for looking for writing in it. */
import type { ContractClient } from '../../../../shared/contract/index.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';
import { applyDisplayLut, buildDisplayLut } from '../../../../shared/domain/lut.ts';

const ARRAYS = { uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array } as const;

export interface FilmSize {
  readonly rows: number;
  readonly cols: number;
  readonly aspect: number;
}

/** Paints the film at its own size, as it opens. @throws when it cannot be read */
export async function paintFilm(
  client: ContractClient,
  filmId: FilmId,
  canvas: HTMLCanvasElement,
  signal: AbortSignal,
): Promise<FilmSize | null> {
  const image = await client.library.viewerImage({ filmId, frame: 0 }, { signal });
  const [voi] = image.voiLuts;
  const bytes = await fetched(image.href, signal);
  const stored = new ARRAYS[image.elementType](bytes);
  if (voi === undefined || stored.length !== image.rows * image.cols)
    throw new Error('the film does not fit');
  const chain = { modality: image.modalityLut, voi, invert: image.invert };
  const grey = applyDisplayLut(buildDisplayLut(chain, image.minStored, image.maxStored), stored);
  if (signal.aborted) return null;
  canvas.width = image.cols;
  canvas.height = image.rows;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('there is no canvas');
  const picture = context.createImageData(image.cols, image.rows);
  for (let at = 0; at < grey.length; at++) {
    const value = grey[at] ?? 0;
    picture.data.set([value, value, value, 255], at * 4);
  }
  context.putImageData(picture, 0, 0);
  return { rows: image.rows, cols: image.cols, aspect: image.pixelAspect };
}

async function fetched(href: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const answer = await fetch(href, { signal });
  if (!answer.ok) throw new Error(`the pixels could not be read (${answer.status})`);
  return await answer.arrayBuffer();
}
