/** @file Bits of an overlay plane, and fewer of them for a small display: a thin line stays a line at every zoom. */

export interface PlaneBits {
  /** Row by row without gaps, the first in the lowest bit of the first byte. */
  readonly bits: Uint8Array;
  readonly cols: number;
  readonly rows: number;
}

/** 1 for a cell of `factor` × `factor` pixels in which any bit is set, else 0. [⌈rows / factor⌉ × ⌈cols / factor⌉] */
export function cellsWithBits({ bits, cols, rows }: PlaneBits, factor: number): Uint8Array {
  const outCols = Math.ceil(cols / factor);
  const result = new Uint8Array(outCols * Math.ceil(rows / factor));
  for (let row = 0, at = 0; row < rows; row++) {
    const start = Math.floor(row / factor) * outCols;
    for (let col = 0; col < cols; col++, at++) {
      if (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) result[start + Math.floor(col / factor)] = 1;
    }
  }
  return result;
}
