/**
 * @file A film as cornerstone sees it: own imageId scheme `chestlight:<film>/<frame>`, stored pixels from the byte route,
 * and a renderer of our own that goes stored value → shared/domain/lut → grey, so that the screen equals the pixel pipeline.
 */
import cornerstone, { type CornerstoneImage, type EnabledElement } from 'cornerstone-core';

import type { FilmPreview, ViewerImage } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { PaintedPart } from './film-greys.ts';
import { RasterLevels, type Raster, type StoredPixels } from './film-raster.ts';
import type { Affine } from './film-transform.ts';
import { PlaneLayer } from './plane-layer.ts';
import { windowOf } from '../../../shared/domain/lut.ts';

/** How one element wants its film drawn. The viewport registers one per element. */
export interface FilmPainter {
  /** What is in sight of the film, greys applied. */
  film(image: FilmImage): PaintedPart;
  /** Film pixels → CSS pixels of the element. */
  matrix(): Affine;
  /** Draws over the film, in film pixels. */
  over(context: CanvasRenderingContext2D, image: FilmImage): void;
}

/** Pixels of the screen a CSS pixel. */
export function dots(): number {
  return Math.max(1, devicePixelRatio);
}

export interface FilmImage extends CornerstoneImage {
  readonly source: ViewerImage;
  /** null for a preview: nothing can be measured yet. */
  readonly pixels: StoredPixels | null;
  /** It stands in for the film, which is on its way: its values are greys as the film opens. */
  readonly isPreview: boolean;
  /** Red, green, blue, [rows × cols × 3]; null for a film without colour. */
  readonly colours: Uint8Array | null;
  /** Graphics that the film brings with it. */
  readonly planes: readonly PlaneLayer[];
  /** What to paint at a scale, screen pixels a film pixel. */
  raster(scale: number): Raster;
}

const SCHEME = 'chestlight';
const CACHE_BYTES = 512 * 1024 * 1024;
const imageIdOf = (filmId: FilmId, frame: number): string => `${SCHEME}:${filmId}/${frame}`;
const painters = new WeakMap<HTMLElement, FilmPainter>();

export function setPainter(element: HTMLElement, painter: FilmPainter): void {
  painters.set(element, painter);
}

/** Where descriptions of films come from. */
export interface FilmSource {
  viewerImage(filmId: FilmId, frame: number): Promise<ViewerImage>;
  /** Of frame 0; null for a film without a preview. */
  preview(filmId: FilmId): Promise<FilmPreview | null>;
}
let filmSource: FilmSource | null = null;

/** Called by the first viewport. Later calls replace it. */
export function useFilmSource(source: FilmSource): void {
  if (filmSource === null) {
    cornerstone.imageCache.setMaximumSizeBytes(CACHE_BYTES);
    cornerstone.registerImageLoader(SCHEME, (imageId) => ({ promise: load(imageId) }));
  }
  filmSource = source;
}

/** True when `loadFilm` has the film at hand. */
export function isLoaded(filmId: FilmId, frame: number): boolean {
  const imageId = imageIdOf(filmId, frame);
  return cornerstone.imageCache.cachedImages.some((kept) => kept.imageId === imageId && kept.loaded);
}

/** What stands in for a large film until it is loaded; null for a film without a preview. */
export async function loadPreview(filmId: FilmId): Promise<FilmImage | null> {
  const preview = await filmSource?.preview(filmId);
  if (preview === undefined || preview === null) return null;
  const bitmap = await createImageBitmap(new Blob([await bytesAt(preview.href)], { type: 'image/jpeg' }));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) return null;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Uint8Array(width * height);
  for (let at = 0; at < values.length; at++) values[at] = data[at * 4] ?? 0;
  const { image: source } = preview;
  const cell = { cellWidth: source.cols / width, cellHeight: source.rows / height };
  const raster = { values, cols: width, rows: height, ...cell };
  return toImage(`${imageIdOf(filmId, 0)}/preview`, source, {
    pixels: null,
    colours: null,
    planes: [],
    raster: () => raster,
  });
}

/** The film, from the cache where it was seen before. */
export async function loadFilm(filmId: FilmId, frame: number): Promise<FilmImage> {
  return (await cornerstone.loadAndCacheImage(imageIdOf(filmId, frame))) as FilmImage;
}

async function load(imageId: string): Promise<FilmImage> {
  const [filmId = '', frame = '0'] = imageId.slice(SCHEME.length + 1).split('/');
  if (filmSource === null) throw new Error('no film source');
  const source = await filmSource.viewerImage(filmId as FilmId, Number(frame));
  const pixels = typed(source.elementType, await bytesAt(source.href));
  if (pixels.length !== source.rows * source.cols) {
    throw new Error('The pixels of this film do not fit its size.');
  }
  const colours = source.colour === null ? null : new Uint8Array(await bytesAt(source.colour.href));
  if (colours !== null && colours.length !== pixels.length * 3) {
    throw new Error('The colours of this film do not fit its size.');
  }
  const levels = new RasterLevels(pixels, source.cols, source.rows);
  const raster = (scale: number): Raster => levels.at(colours === null ? scale : 1);
  const planes = await Promise.all(
    source.overlays.map(async (plane) => new PlaneLayer(plane, new Uint8Array(await bytesAt(plane.href)))),
  );
  return toImage(imageId, source, { pixels, colours, planes, raster });
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
  { pixels, colours, planes, raster }: Pick<FilmImage, 'pixels' | 'colours' | 'planes' | 'raster'>,
): FilmImage {
  const own = source.voiLuts[0];
  const window = own === undefined ? { center: 0, width: 1 } : windowOf(own);
  const image: FilmImage = {
    imageId,
    source,
    pixels,
    isPreview: pixels === null,
    colours,
    planes,
    raster,
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
    sizeInBytes: (pixels?.byteLength ?? 0) + (colours?.byteLength ?? 0),
    getPixelData: () => pixels ?? raster(1).values,
    render: (enabled) => render(enabled, image),
  };
  return image;
}

function render(enabled: EnabledElement, image: FilmImage): void {
  const context = enabled.canvas.getContext('2d');
  const painter = painters.get(enabled.element);
  if (context === null || painter === undefined) return;
  // cornerstone gives the canvas CSS pixels; on a dense screen that would be every second pixel of the film.
  const { clientWidth, clientHeight } = enabled.element;
  const dot = dots();
  const { canvas: screen } = enabled;
  const [wide, high] = [Math.round(clientWidth * dot), Math.round(clientHeight * dot)];
  if (screen.width !== wide) screen.width = wide;
  if (screen.height !== high) screen.height = high;
  // Its style too: cornerstone leaves that as it was where the canvas happens to have as many pixels as the element.
  screen.style.width = `${clientWidth}px`;
  screen.style.height = `${clientHeight}px`;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = '#000';
  context.fillRect(0, 0, wide, high);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  const { a, b, c, d, e, f } = painter.matrix();
  context.setTransform(a * dot, b * dot, c * dot, d * dot, e * dot, f * dot);
  const { canvas, width, height, place } = painter.film(image);
  context.drawImage(canvas, 0, 0, width, height, place.x, place.y, place.width, place.height);
  painter.over(context, image);
}
