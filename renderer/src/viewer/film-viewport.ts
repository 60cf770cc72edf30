/** @file One viewport on one film: owns the cornerstone element, paints greys and overlay, turns screen into film places. */
import cornerstone from 'cornerstone-core';

import type { FilmBox, ViewerImage } from '../../../shared/contract/library.ts';
import type { Box, Point } from '../../../shared/domain/geometry.ts';
import { applyModality, type VoiLut } from '../../../shared/domain/lut.ts';
import { boundsOf } from '../../../shared/domain/shape.ts';
import { drawBoxes } from './boxes.ts';
import type { FilmGreys, PaintedPart } from './film-greys.ts';
import { dots, setPainter, type FilmImage } from './film-image.ts';
import { apply, filmMatrix, inverse, scaleOf, type Affine, type Placement } from './film-transform.ts';
import type { FilmLayer } from './overlay.ts';

/** What the viewport shows of a film; plain values, taken from a ViewState. */
export interface ViewValues extends Placement {
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
  #planesShown = true;

  constructor(element: HTMLElement, greys: FilmGreys) {
    this.#element = element;
    this.#greys = greys;
    cornerstone.enable(element);
    setPainter(element, {
      film: (image) => this.#paint(image, this.scale() * dots(), this.#seen()),
      matrix: () => this.matrix(),
      over: (context, image) => {
        this.#overlay?.draw(context, image.columns, image.rows, this.scale());
        this.#drawPlanes(context, image, this.scale());
        drawBoxes(context, this.#boxes, dots());
      },
    });
  }

  get source(): ViewerImage | null {
    return this.#image?.source ?? null;
  }

  get image(): FilmImage | null {
    return this.#image;
  }

  show(image: FilmImage, view: ViewValues): void {
    this.#image = image;
    this.#view = view;
    cornerstone.displayImage(this.#element, image);
  }

  apply(view: ViewValues): void {
    this.#view = view;
    if (this.#image !== null) cornerstone.updateImage(this.#element);
  }

  setOverlay(overlay: FilmLayer | null): void {
    this.#overlay = overlay;
    if (this.#image !== null) cornerstone.updateImage(this.#element);
  }

  /** Graphics that the film brings with it. */
  showPlanes(shown: boolean): void {
    this.#planesShown = shown;
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
    if (this.#image !== null) cornerstone.updateImage(this.#element);
  }

  close(): void {
    cornerstone.disable(this.#element);
    this.#image = null;
  }

  /** Screen pixels per film pixel, along the axis that is not stretched. */
  scale(): number {
    return this.#view === null ? 1 : scaleOf(this.#film(), this.#view, this.#size());
  }

  /** Film pixels → CSS pixels of the element. */
  matrix(): Affine {
    const view = this.#view ?? { zoom: 1, panX: 0, panY: 0, rotation: 0, flipped: false };
    return filmMatrix(this.#film(), view, this.#size());
  }

  /** A point of the page in film pixels; it may lie outside the film. */
  toFilm(clientX: number, clientY: number): Point {
    const box = this.#element.getBoundingClientRect();
    return apply(inverse(this.matrix()), { x: clientX - box.left, y: clientY - box.top });
  }

  /** A drag on the screen in shares of the film's width and height, along the film's axes. */
  shareOf(deltaX: number, deltaY: number): Point {
    const { a, b, c, d } = inverse(this.matrix());
    const { cols, rows } = this.#film();
    return { x: (a * deltaX + c * deltaY) / cols, y: (b * deltaX + d * deltaY) / rows };
  }

  /** Where a point of the page lies on the film. */
  placeAt(clientX: number, clientY: number): FilmPlace | null {
    const image = this.#image;
    if (image === null) return null;
    const { x, y } = this.toFilm(clientX, clientY);
    const column = Math.floor(x);
    const row = Math.floor(y);
    const inside = column >= 0 && row >= 0 && column < image.columns && row < image.rows;
    const stored = inside ? (image.pixels?.[row * image.columns + column] ?? null) : null;
    return { x, y, stored, value: stored === null ? null : applyModality(image.source.modalityLut, stored) };
  }

  /** Draws what lies around a place of the page, enlarged, into a canvas of its own that has every pixel of the screen. */
  drawLens(canvas: HTMLCanvasElement, clientX: number, clientY: number, factor: number): void {
    const image = this.#image;
    const context = canvas.getContext('2d');
    if (image === null || context === null) return;
    const box = this.#element.getBoundingClientRect();
    const { a, b, c, d, e, f } = this.matrix();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.translate(canvas.width / 2, canvas.height / 2);
    const dot = dots();
    context.scale(factor * dot, factor * dot);
    context.translate(box.left - clientX, box.top - clientY);
    context.transform(a, b, c, d, e, f);
    context.imageSmoothingQuality = 'high';
    const reach = canvas.width / (2 * factor * dot);
    const near = this.#around(clientX - box.left, clientY - box.top, reach);
    const { canvas: film, width, height, place } = this.#paint(image, this.scale() * factor * dot, near);
    context.drawImage(film, 0, 0, width, height, place.x, place.y, place.width, place.height);
    this.#overlay?.draw(context, image.columns, image.rows, this.scale() * factor);
    this.#drawPlanes(context, image, this.scale() * factor);
  }

  #drawPlanes(context: CanvasRenderingContext2D, image: FilmImage, scale: number): void {
    if (!this.#planesShown) return;
    for (const plane of image.planes) plane.draw(context, image.columns, image.rows, scale * dots());
  }

  #film(): { cols: number; rows: number; aspect: number } {
    const source = this.#image?.source;
    return { cols: source?.cols ?? 1, rows: source?.rows ?? 1, aspect: source?.pixelAspect ?? 1 };
  }

  #size(): { width: number; height: number } {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  /** What of the film's plane is in sight, film pixels. */
  #seen(): Box {
    const { width, height } = this.#size();
    return this.#around(width / 2, height / 2, Math.max(width, height) / 2);
  }

  /** The box along the film's axes around a square of the element, CSS pixels. */
  #around(x: number, y: number, reach: number): Box {
    const back = inverse(this.matrix());
    const corners = [-reach, reach].flatMap((dx) =>
      [-reach, reach].map((dy) => apply(back, { x: x + dx, y: y + dy })),
    );
    return boundsOf(corners);
  }

  #paint(image: FilmImage, scale: number, seen: Box): PaintedPart {
    const view = this.#view;
    if (view === null) throw new Error('a film is shown before it is painted');
    return this.#greys.paint(image, view, scale, seen);
  }
}
