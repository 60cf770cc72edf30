/** @file A line of letters to draw into pictures, as a machine burns a patient's number in: “MRN758”. */

/** Letters of 5 × 7 cells, a bit a cell from the left. */
const GLYPHS = [
  [0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11], // M
  [0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11], // R
  [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11], // N
  [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08], // 7
  [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e], // 5
  [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e], // 8
];

export interface Writing {
  /** Left and top end, px. */
  readonly x: number;
  readonly y: number;
  /** Width of a stroke, px. */
  readonly cell: number;
}

/** True where a stroke of the line runs. */
export function isLetter(row: number, col: number, { x, y, cell }: Writing): boolean {
  const [down, along] = [Math.floor((row - y) / cell), Math.floor((col - x) / cell)];
  if (down < 0 || down >= 7 || along < 0 || along % 6 === 5) return false;
  const line = GLYPHS[Math.floor(along / 6)]?.[down] ?? 0;
  return ((line >> (4 - (along % 6))) & 1) === 1;
}

/** The box around the line, px. */
export function sizeOfWriting(cell: number): { readonly width: number; readonly height: number } {
  return { width: (GLYPHS.length * 6 - 1) * cell, height: 7 * cell };
}
