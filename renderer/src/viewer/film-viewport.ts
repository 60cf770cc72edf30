/** @file One viewport on one film: owns the cornerstone element, paints greys and overlay, turns screen into film places. */
import cornerstone from 'cornerstone-core';

import type { FilmBox, ViewerImage } from '../../../shared/contract/library.ts';
import { applyModality, type VoiLut } from '../../../shared/domain/lut.ts';
import { drawBoxes } from './boxes.ts';
import type { FilmGreys } from './film-greys.ts';
import { setPainter, type FilmImage } from './film-image.ts';
import type { FilmLayer } from './overlay.ts';

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
  readonly #greys: FilmGreys;
  #image: FilmImage | null = null;
  #view: ViewValues | null = null;
  #overlay: FilmLayer | null = null;
  #boxes: readonly FilmBox[] = [];

  constructor(element: HTMLElement, greys: FilmGreys) {
    this.#element = element;
    this.#greys = greys;
    cornerstone.enable(element);
    setPainter(element, {
      film: (image) => this.#paint(image),
      over: (context, image) => {
        this.#overlay?.draw(context, image.columns, image.rows, this.scale());
        drawBoxes(context, this.#boxes);
      },
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

  setOverlay(overlay: FilmLayer | null): void {
    this.#overlay = overlay;
    if (this.#image !== null) cornerstone.updateImage(this.#element);
  }

  /** In film pixels. */
  setBoxes(boxes: readonly FilmBox[]): void {
    this.#boxes = boxes;
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

  #paint(image: FilmImage): CanvasImageSource {
    const view = this.#view;
    if (view === null) throw new Error('a film is shown before it is painted');
    return this.#greys.paint(image, view);
  }
}
