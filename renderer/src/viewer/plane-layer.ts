/** @file An overlay plane of a film (PS3.3 C.9.2) drawn over it in one colour. */
import type { OverlayPlane } from '../../../shared/contract/library.ts';
import { reduction } from './film-raster.ts';
import type { FilmLayer } from './overlay.ts';
import { cellsWithBits } from './plane-bits.ts';

/** Red, green, blue, alpha in the order of a little-endian word. */
const GRAPHICS = 0xff_a0_f0_8c;
const ROI = 0x8c_f0_c8_78;

export class PlaneLayer implements FilmLayer {
  readonly #plane: OverlayPlane;
  readonly #bits: Uint8Array;
  readonly #painted = new Map<number, HTMLCanvasElement>();

  constructor(plane: OverlayPlane, bits: Uint8Array) {
    this.#plane = plane;
    this.#bits = bits;
  }

  draw(context: CanvasRenderingContext2D, _columns: number, _rows: number, scale: number): void {
    const { left, top, cols, rows } = this.#plane;
    const factor = reduction(scale);
    const canvas = this.#painted.get(factor) ?? this.#paint(factor);
    context.save();
    context.imageSmoothingEnabled = scale * factor < 2;
    context.drawImage(canvas, 0, 0, cols / factor, rows / factor, left, top, cols, rows);
    context.restore();
  }

  #paint(factor: number): HTMLCanvasElement {
    const { cols, rows, type } = this.#plane;
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(cols / factor);
    canvas.height = Math.ceil(rows / factor);
    this.#painted.set(factor, canvas);
    const context = canvas.getContext('2d');
    if (context === null) return canvas;
    const data = context.createImageData(canvas.width, canvas.height);
    const words = new Uint32Array(data.data.buffer);
    const colour = type === 'roi' ? ROI : GRAPHICS;
    cellsWithBits({ bits: this.#bits, cols, rows }, factor).forEach((on, at) => {
      if (on === 1) words[at] = colour;
    });
    context.putImageData(data, 0, 0);
    return canvas;
  }
}
