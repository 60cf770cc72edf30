/**
 * @file A film as cornerstone sees it: own imageId scheme `chestlight:<film>/<frame>`, stored pixels from the byte route,
 * and a renderer of our own that goes stored value → shared/domain/lut → grey, so that the screen equals the pixel pipeline.
 */
import cornerstone, { type CornerstoneImage, type EnabledElement } from 'cornerstone-core';

import type { ViewerImage } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { Affine } from './film-transform.ts';
import { windowOf } from '../../../shared/domain/lut.ts';

/** How one element wants its film drawn. The viewport registers one per element. */
export interface FilmPainter {
  /** The film as a canvas of its own size, greys applied. */
  film(image: FilmImage): CanvasImageSource;
  /** Film pixels → canvas. */
  matrix(): Affine;
  /** Draws over the film, in film pixels. */
  over(context: CanvasRenderingContext2D, image: FilmImage): void;
}

export interface FilmImage extends CornerstoneImage {
  readonly source: ViewerImage;
  readonly pixels: StoredPixels;
  /** Red, green, blue, [rows × cols × 3]; null for a film without colour. */
  readonly colours: Uint8Array | null;
}

export type StoredPixels = Uint8Array | Int8Array | Uint16Array | Int16Array;

const SCHEME = 'chestlight';
const CACHE_BYTES = 512 * 1024 * 1024;
const painters = new WeakMap<HTMLElement, FilmPainter>();

export function setPainter(element: HTMLElement, painter: FilmPainter): void {
  painters.set(element, painter);
}

export type AskViewerImage = (filmId: FilmId, frame: number) => Promise<ViewerImage>;
let askViewerImage: AskViewerImage | null = null;

/** Called by the first viewport: where the description of a film comes from. Later calls replace it. */
export function useFilmSource(ask: AskViewerImage): void {
  if (askViewerImage === null) {
    cornerstone.imageCache.setMaximumSizeBytes(CACHE_BYTES);
    cornerstone.registerImageLoader(SCHEME, (imageId) => ({ promise: load(imageId) }));
  }
  askViewerImage = ask;
}

/** The film, from the cache where it was seen before. */
export async function loadFilm(filmId: FilmId, frame: number): Promise<FilmImage> {
  return (await cornerstone.loadAndCacheImage(`${SCHEME}:${filmId}/${frame}`)) as FilmImage;
}

async function load(imageId: string): Promise<FilmImage> {
  const [filmId = '', frame = '0'] = imageId.slice(SCHEME.length + 1).split('/');
  if (askViewerImage === null) throw new Error('no film source');
  const source = await askViewerImage(filmId as FilmId, Number(frame));
  const pixels = typed(source.elementType, await bytesAt(source.href));
  if (pixels.length !== source.rows * source.cols) {
    throw new Error('The pixels of this film do not fit its size.');
  }
  const colours = source.colourHref === null ? null : new Uint8Array(await bytesAt(source.colourHref));
  if (colours !== null && colours.length !== pixels.length * 3) {
    throw new Error('The colours of this film do not fit its size.');
  }
  return toImage(imageId, source, pixels, colours);
}

async function bytesAt(href: string): Promise<ArrayBuffer> {
  const answer = await fetch(href);
  if (!answer.ok) throw new Error(`The pixels of this film could not be read (${answer.status}).`);
  return answer.arrayBuffer();
}

function typed(elementType: ViewerImage['elementType'], bytes: ArrayBuffer): StoredPixels {
  switch (elementType) {
    case 'uint8':
      return new Uint8Array(bytes);
    case 'int8':
      return new Int8Array(bytes);
    case 'uint16':
      return new Uint16Array(bytes);
    case 'int16':
      return new Int16Array(bytes);
  }
}

function toImage(
  imageId: string,
  source: ViewerImage,
  pixels: StoredPixels,
  colours: Uint8Array | null,
): FilmImage {
  const own = source.voiLuts[0];
  const window = own === undefined ? { center: 0, width: 1 } : windowOf(own);
  const image: FilmImage = {
    imageId,
    source,
    pixels,
    colours,
    minPixelValue: source.minStored,
    maxPixelValue: source.maxStored,
    slope: 1,
    intercept: 0,
    windowCenter: window.center,
    windowWidth: window.width,
    rows: source.rows,
    columns: source.cols,
    height: source.rows,
    width: source.cols,
    color: false,
    // Where the film lies is up to film-transform.ts, with the pixels' shape.
    rowPixelSpacing: 1,
    columnPixelSpacing: 1,
    invert: false,
    sizeInBytes: pixels.byteLength + (colours?.byteLength ?? 0),
    getPixelData: () => pixels,
    render: (enabled) => render(enabled, image),
  };
  return image;
}

function render(enabled: EnabledElement, image: FilmImage): void {
  const context = enabled.canvas.getContext('2d');
  const painter = painters.get(enabled.element);
  if (context === null || painter === undefined) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = '#000';
  context.fillRect(0, 0, enabled.canvas.width, enabled.canvas.height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  const { a, b, c, d, e, f } = painter.matrix();
  context.setTransform(a, b, c, d, e, f);
  context.drawImage(painter.film(image), 0, 0, image.columns, image.rows);
  painter.over(context, image);
}
