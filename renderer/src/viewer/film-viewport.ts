/** @file One viewport on one film: owns the cornerstone element, paints greys and overlay, turns screen into film places. */
import cornerstone from 'cornerstone-core';

import type { ViewerImage } from '../../../shared/contract/library.ts';
import { applyModality, buildDisplayLut, type VoiLut } from '../../../shared/domain/lut.ts';
import { setPainter, type FilmImage } from './film-image.ts';
import type { PaintedOverlay } from './overlay.ts';

/** What the viewport shows of a film; plain values, taken from a ViewState. */
export interface ViewValues {
  readonly zoom: number;
  readonly panX: number;
  readonly panY: number;
  readonly inverted: boolean;
  readonly voi: VoiLut;
}

/** A place on the film under the pointer. */
export interface FilmPlace {
  readonly x: number;
  readonly y: number;
  /** Stored value and the value after the modality LUT; null outside the film. */
  readonly stored: number | null;
  readonly value: number | null;
}

export class FilmViewport {
  readonly #element: HTMLElement;
  readonly #canvas = document.createElement('canvas');
  #image: FilmImage | null = null;
  #view: ViewValues | null = null;
  #overlay: PaintedOverlay | null = null;
  /** Kept between paints: a drag repaints many times a second. */
  #data: ImageData | null = null;
  /** What the canvas holds now, to paint greys only when they change. */
  #painted: { image: FilmImage; voi: VoiLut; inverted: boolean } | null = null;

  constructor(element: HTMLElement) {
    this.#element = element;
    cornerstone.enable(element);
    setPainter(element, {
      film: (image) => this.#paint(image),
      over: (context, image) => this.#overlay?.draw(context, image.columns, image.rows, this.scale()),
    });
  }

  get source(): ViewerImage | null {
    return this.#image?.source ?? null;
  }

  show(image: FilmImage, view: ViewValues): void {
    this.#image = image;
    this.#view = view;
    cornerstone.displayImage(this.#element, image, this.#placement());
  }

  apply(view: ViewValues): void {
    this.#view = view;
    if (this.#image !== null) cornerstone.setViewport(this.#element, this.#placement());
  }

  setOverlay(overlay: PaintedOverlay | null): void {
    this.#overlay = overlay;
    if (this.#image !== null) cornerstone.updateImage(this.#element);
  }

  /** Call when the element's size has changed. */
  resize(): void {
    cornerstone.resize(this.#element, false);
    if (this.#image !== null) cornerstone.setViewport(this.#element, this.#placement());
  }

  close(): void {
    cornerstone.disable(this.#element);
    this.#image = null;
    this.#data = null;
    this.#painted = null;
  }

  /** Screen pixels per film pixel, along the axis that is not stretched. */
  scale(): number {
    return this.#fit() * (this.#view?.zoom ?? 1);
  }

  /** Size of the film on the screen, CSS pixels. */
  screenSize(): { readonly width: number; readonly height: number } {
    const image = this.#image;
    if (image === null) return { width: 1, height: 1 };
    const aspect = image.source.pixelAspect;
    const scale = this.scale();
    return {
      width: image.columns * Math.max(1, 1 / aspect) * scale,
      height: image.rows * Math.max(1, aspect) * scale,
    };
  }

  /** Where a point of the page lies on the film. */
  placeAt(pageX: number, pageY: number): FilmPlace | null {
    const image = this.#image;
    if (image === null) return null;
    const { x, y } = cornerstone.pageToPixel(this.#element, pageX, pageY);
    const column = Math.floor(x);
    const row = Math.floor(y);
    const inside = column >= 0 && row >= 0 && column < image.columns && row < image.rows;
    const stored = inside ? (image.pixels[row * image.columns + column] ?? null) : null;
    return { x, y, stored, value: stored === null ? null : applyModality(image.source.modalityLut, stored) };
  }

  #fit(): number {
    const image = this.#image;
    if (image === null) return 1;
    const aspect = image.source.pixelAspect;
    const width = image.columns * Math.max(1, 1 / aspect);
    const height = image.rows * Math.max(1, aspect);
    return Math.min(this.#element.clientWidth / width, this.#element.clientHeight / height) || 1;
  }

  #placement(): { scale: number; translation: { x: number; y: number } } {
    const image = this.#image;
    const view = this.#view;
    if (image === null || view === null) return { scale: 1, translation: { x: 0, y: 0 } };
    // cornerstone's translation is in film pixels, before the zoom.
    return {
      scale: this.scale(),
      translation: { x: view.panX * image.columns, y: view.panY * image.rows },
    };
  }

  #paint(image: FilmImage): HTMLCanvasElement {
    const view = this.#view;
    const now = this.#painted;
    if (view === null) return this.#canvas;
    if (now !== null && now.image === image && now.voi === view.voi && now.inverted === view.inverted) {
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
    fillGreys(new Uint32Array(data.data.buffer), image, view);
    context.putImageData(data, 0, 0);
    this.#painted = { image, voi: view.voi, inverted: view.inverted };
    return this.#canvas;
  }
}

/** Stored values → opaque grey pixels through the display table of the pixel pipeline. */
function fillGreys(target: Uint32Array, image: FilmImage, view: ViewValues): void {
  const { source, pixels } = image;
  const chain = {
    modality: source.modalityLut,
    voi: view.voi,
    invert: source.invert !== view.inverted,
  };
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
