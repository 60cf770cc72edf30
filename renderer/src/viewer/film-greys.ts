/**
 * @file What is in sight of a film, in greys or in its colours, as a canvas; painted anew only when film, window, inversion or
 * the part in sight change.
 */
import type { Box } from '../../../shared/domain/geometry.ts';
import type { VoiLut } from '../../../shared/domain/lut.ts';
import { cellsOf, type Cells, type Raster } from './film-raster.ts';
import type { FilmImage } from './film-image.ts';
import { channelTable, greyTable } from './grey-table.ts';
import type { ViewValues } from './film-viewport.ts';

/** A canvas and where it lies. */
export interface PaintedPart {
  readonly canvas: HTMLCanvasElement;
  /** Part of the canvas that holds film, from its upper left corner, canvas pixels. */
  readonly width: number;
  readonly height: number;
  /** Where that part lies, film pixels. */
  readonly place: Box;
}

type Look = Pick<ViewValues, 'voi' | 'inverted'>;

/** Linked viewports share one, so that a drag paints a film once however many show it. */
export class FilmGreys {
  readonly #canvas = document.createElement('canvas');
  /** Kept between paints: a drag repaints many times a second. */
  #data: ImageData | null = null;
  /** What the canvas holds now. */
  #painted: (Look & { image: FilmImage; raster: Raster; cells: Cells }) | null = null;

  /**
   * @param scale screen pixels a film pixel
   * @param seen what is in sight, film pixels
   */
  paint(image: FilmImage, { voi, inverted }: ViewValues, scale: number, seen: Box): PaintedPart {
    const raster = image.raster(scale);
    const cells = cellsOf(raster, seen);
    const now = this.#painted;
    const same =
      now?.image === image &&
      now.raster === raster &&
      sameCells(now.cells, cells) &&
      sameVoi(now.voi, voi) &&
      now.inverted === inverted;
    if (!same) {
      this.#fill(image, raster, cells, { voi, inverted });
      this.#painted = { image, raster, cells, voi, inverted };
    }
    const { cellWidth, cellHeight } = raster;
    // The last cells of a raster may reach beyond the film.
    const width = Math.min(cells.cols, image.columns / cellWidth - cells.left);
    const height = Math.min(cells.rows, image.rows / cellHeight - cells.top);
    const place = {
      x: cells.left * cellWidth,
      y: cells.top * cellHeight,
      width: width * cellWidth,
      height: height * cellHeight,
    };
    return { canvas: this.#canvas, width, height, place };
  }

  #fill(image: FilmImage, raster: Raster, cells: Cells, look: Look): void {
    const { cols, rows } = cells;
    if (this.#canvas.width !== cols || this.#canvas.height !== rows) {
      this.#canvas.width = cols;
      this.#canvas.height = rows;
    }
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    const kept = this.#data;
    const data =
      kept !== null && kept.width === cols && kept.height === rows
        ? kept
        : context.createImageData(cols, rows);
    this.#data = data;
    const target = new Uint32Array(data.data.buffer);
    if (image.colours === null) fillGreys(target, image, raster, cells, look);
    else
      fillColours(target, image.colours, channelTable(image.source.colour?.peak ?? 255, look), raster, cells);
    context.putImageData(data, 0, 0);
  }
}

function sameCells(a: Cells, b: Cells): boolean {
  return a.left === b.left && a.top === b.top && a.cols === b.cols && a.rows === b.rows;
}

/** Windows by their values: a film without one of its own gets a new object at every look. */
function sameVoi(a: VoiLut, b: VoiLut): boolean {
  if (a.kind !== 'window' || b.kind !== 'window') return a === b;
  return a.center === b.center && a.width === b.width && a.function === b.function;
}

/** Values of cells → opaque grey pixels. */
function fillGreys(target: Uint32Array, image: FilmImage, raster: Raster, cells: Cells, look: Look): void {
  const { first, grey } = greyTable(image, look);
  const last = grey.length - 1;
  const words = new Uint32Array(grey.length);
  for (let at = 0; at <= last; at++) words[at] = 0xff000000 | ((grey[at] ?? 0) * 0x010101);
  const { values } = raster;
  for (let row = 0, index = 0; row < cells.rows; row++) {
    const start = (cells.top + row) * raster.cols + cells.left;
    for (let from = start; from < start + cells.cols; from++, index++) {
      const at = (values[from] ?? 0) - first;
      target[index] = words[at < 0 ? 0 : at > last ? last : at] ?? 0;
    }
  }
}

/** Colours of cells, each channel by `shown` → opaque pixels. */
function fillColours(
  target: Uint32Array,
  colours: Uint8Array,
  shown: Uint8Array,
  raster: Raster,
  cells: Cells,
): void {
  for (let row = 0, index = 0; row < cells.rows; row++) {
    const start = ((cells.top + row) * raster.cols + cells.left) * 3;
    for (let at = start; at < start + cells.cols * 3; at += 3, index++) {
      const red = shown[colours[at] ?? 0] ?? 0;
      const green = shown[colours[at + 1] ?? 0] ?? 0;
      const blue = shown[colours[at + 2] ?? 0] ?? 0;
      target[index] = 0xff000000 | (blue << 16) | (green << 8) | red;
    }
  }
}
