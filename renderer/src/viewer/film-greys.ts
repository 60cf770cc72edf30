/** @file A film in greys, or in its colours, as a canvas of its own size, painted anew only when film, window or inversion change. */
import { buildDisplayLut, IDENTITY_MODALITY, type VoiLut } from '../../../shared/domain/lut.ts';
import type { FilmImage } from './film-image.ts';
import type { ViewValues } from './film-viewport.ts';

/** Linked viewports share one, so that a drag paints a film once however many show it. */
export class FilmGreys {
  readonly #canvas = document.createElement('canvas');
  /** Kept between paints: a drag repaints many times a second. */
  #data: ImageData | null = null;
  /** What the canvas holds now. */
  #painted: ({ image: FilmImage } & Pick<ViewValues, 'voi' | 'inverted'>) | null = null;

  paint(image: FilmImage, { voi, inverted }: ViewValues): HTMLCanvasElement {
    const now = this.#painted;
    if (now?.image === image && sameVoi(now.voi, voi) && now.inverted === inverted) {
      return this.#canvas;
    }
    if (this.#canvas.width !== image.columns || this.#canvas.height !== image.rows) {
      this.#canvas.width = image.columns;
      this.#canvas.height = image.rows;
    }
    const context = this.#canvas.getContext('2d');
    if (context === null) return this.#canvas;
    const kept = this.#data;
    const data =
      kept !== null && kept.width === image.columns && kept.height === image.rows
        ? kept
        : context.createImageData(image.columns, image.rows);
    this.#data = data;
    const target = new Uint32Array(data.data.buffer);
    if (image.colours === null) fillGreys(target, image, { voi, inverted });
    else fillColours(target, image.colours, { voi, inverted });
    context.putImageData(data, 0, 0);
    this.#painted = { image, voi, inverted };
    return this.#canvas;
  }
}

/** Windows by their values: a film without one of its own gets a new object at every look. */
function sameVoi(a: VoiLut, b: VoiLut): boolean {
  if (a.kind !== 'window' || b.kind !== 'window') return a === b;
  return a.center === b.center && a.width === b.width && a.function === b.function;
}

/** Stored values → opaque grey pixels through the display table of the pixel pipeline. */
function fillGreys(
  target: Uint32Array,
  { source, pixels }: FilmImage,
  { voi, inverted }: Pick<ViewValues, 'voi' | 'inverted'>,
): void {
  const chain = { modality: source.modalityLut, voi, invert: source.invert !== inverted };
  const lut = buildDisplayLut(chain, source.minStored, source.maxStored);
  const last = lut.grey.length - 1;
  const words = new Uint32Array(lut.grey.length);
  for (let at = 0; at <= last; at++) words[at] = 0xff000000 | ((lut.grey[at] ?? 0) * 0x010101);
  const { first } = lut;
  for (let index = 0; index < pixels.length; index++) {
    const at = (pixels[index] ?? 0) - first;
    target[index] = words[at < 0 ? 0 : at > last ? last : at] ?? 0;
  }
}

/** A colour film as it is (PS3.3 C.7.6.3.1.2: no VOI LUT of its own); a window set by hand applies to each channel. */
function fillColours(
  target: Uint32Array,
  colours: Uint8Array,
  { voi, inverted }: Pick<ViewValues, 'voi' | 'inverted'>,
): void {
  const { grey } = buildDisplayLut({ modality: IDENTITY_MODALITY, voi, invert: inverted }, 0, 255);
  for (let index = 0, at = 0; index < target.length; index++, at += 3) {
    const red = grey[colours[at] ?? 0] ?? 0;
    const green = grey[colours[at + 1] ?? 0] ?? 0;
    const blue = grey[colours[at + 2] ?? 0] ?? 0;
    target[index] = 0xff000000 | (blue << 16) | (green << 8) | red;
  }
}
