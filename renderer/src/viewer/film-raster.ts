/**
 * @file What of a film has to be painted: at a scale below a half, averages of its stored values instead of every one, and
 * only the part in sight. A film of 20 megapixels is then painted as quickly as a small one.
 */
import type { Box } from '../../../shared/domain/geometry.ts';

export type StoredPixels = Uint8Array | Int8Array | Uint16Array | Int16Array;

/** A film in cells: its pixels, or squares of them. [rows × cols] */
export interface Raster {
  readonly values: StoredPixels;
  readonly cols: number;
  readonly rows: number;
  /** Film pixels a cell. Cells at the right and lower edge may reach beyond the film. */
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** A part of a raster, in cells. */
export interface Cells {
  readonly left: number;
  readonly top: number;
  readonly cols: number;
  readonly rows: number;
}

/** Averages of `factor` × `factor` pixels, rounded; at the edges of what is there of them. */
export function reduced(values: StoredPixels, cols: number, rows: number, factor: number): Raster {
  const outCols = Math.ceil(cols / factor);
  const outRows = Math.ceil(rows / factor);
  const result = sameKind(values, outCols * outRows);
  // Sums of whole numbers are added faster, as long as they fit: up to 128 × 128 pixels of 16 bits.
  const sums = factor <= 128 ? new Int32Array(outCols) : new Float64Array(outCols);
  const full = Math.floor(cols / factor);
  for (let outRow = 0; outRow < outRows; outRow++) {
    sums.fill(0);
    const last = Math.min(rows, (outRow + 1) * factor);
    for (let row = outRow * factor; row < last; row++) {
      let at = row * cols;
      for (let out = 0; out < full; out++) {
        let sum = 0;
        for (const end = at + factor; at < end; at++) sum += values[at] ?? 0;
        sums[out] = (sums[out] ?? 0) + sum;
      }
      if (full === outCols) continue;
      let sum = 0;
      for (const end = (row + 1) * cols; at < end; at++) sum += values[at] ?? 0;
      sums[full] = (sums[full] ?? 0) + sum;
    }
    const down = last - outRow * factor;
    for (let out = 0; out < outCols; out++) {
      const across = Math.min(cols, (out + 1) * factor) - out * factor;
      result[outRow * outCols + out] = Math.round((sums[out] ?? 0) / (across * down));
    }
  }
  return { values: result, cols: outCols, rows: outRows, cellWidth: factor, cellHeight: factor };
}

function sameKind(values: StoredPixels, length: number): StoredPixels {
  if (values instanceof Uint8Array) return new Uint8Array(length);
  if (values instanceof Int8Array) return new Int8Array(length);
  return values instanceof Uint16Array ? new Uint16Array(length) : new Int16Array(length);
}

/** The rasters of a film, each made when it is first asked for. */
export class RasterLevels {
  readonly #whole: Raster;
  readonly #smaller = new Map<number, Raster>();

  constructor(values: StoredPixels, cols: number, rows: number) {
    this.#whole = { values, cols, rows, cellWidth: 1, cellHeight: 1 };
  }

  /** The coarsest raster with at least one cell a screen pixel. `scale`: screen pixels a film pixel. */
  at(scale: number): Raster {
    const factor = reduction(scale);
    if (factor === 1) return this.#whole;
    const known = this.#smaller.get(factor);
    if (known !== undefined) return known;
    const { values, cols, rows } = this.#whole;
    const made = reduced(values, cols, rows, factor);
    this.#smaller.set(factor, made);
    return made;
  }
}

/** The largest power of two of film pixels that a screen pixel holds. */
export function reduction(scale: number): number {
  return scale > 0.5 || !(scale > 0) ? 1 : 2 ** Math.floor(Math.log2(1 / scale));
}

/** Rasters up to this size are painted whole: panning then paints nothing anew. */
const WHOLE_CELLS = 2_000_000;
/** Parts begin and end at multiples of this, so that a short way of panning paints nothing anew either. */
const TILE = 256;

/** The cells that cover `seen` (film pixels); at least one. */
export function cellsOf(
  { cols, rows, cellWidth, cellHeight }: Pick<Raster, 'cols' | 'rows' | 'cellWidth' | 'cellHeight'>,
  seen: Box,
): Cells {
  if (cols * rows <= WHOLE_CELLS) return { left: 0, top: 0, cols, rows };
  const [left, right] = tiles(seen.x / cellWidth, (seen.x + seen.width) / cellWidth, cols);
  const [top, bottom] = tiles(seen.y / cellHeight, (seen.y + seen.height) / cellHeight, rows);
  return { left, top, cols: right - left, rows: bottom - top };
}

function tiles(from: number, to: number, most: number): [number, number] {
  const first = Math.min(most - 1, Math.max(0, Math.floor(from / TILE) * TILE));
  const last = Math.min(most, Math.max(first + 1, Math.ceil(to / TILE) * TILE));
  return [first, last];
}
