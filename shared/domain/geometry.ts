/**
 * @file Where a point of the model's 224 × 224 picture lies on the film, and back. Overlays, boxes and the token grid use
 * it. The whole film is stretched to the square, so the mapping is one factor per axis whatever the film's shape.
 */

/** Side of the picture that a model sees, pixels. */
export const MODEL_SIDE = 224;

/** Continuous picture coordinates: (0, 0) is the outer corner of the top left pixel, whose centre is (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Model picture (0…224) → film (x: 0…cols, y: 0…rows). */
export function modelToFilm(x: number, y: number, rows: number, cols: number): Point {
  return { x: (x * cols) / MODEL_SIDE, y: (y * rows) / MODEL_SIDE };
}

/** Film (x: 0…cols, y: 0…rows) → model picture (0…224). */
export function filmToModel(x: number, y: number, rows: number, cols: number): Point {
  return { x: (x * MODEL_SIDE) / cols, y: (y * MODEL_SIDE) / rows };
}

/** The film's area under token (`column`, `row`) of a square grid with `grid` cells a side (14 for patch 16). */
export function tokenBox(column: number, row: number, grid: number, rows: number, cols: number): Box {
  return { x: (column * cols) / grid, y: (row * rows) / grid, width: cols / grid, height: rows / grid };
}

/** Size to draw a film at so that a pixel `aspect` times as tall as wide looks right; the width is kept. */
export function uprightSize(rows: number, cols: number, aspect: number): { width: number; height: number } {
  return { width: cols, height: rows * (Number.isFinite(aspect) && aspect > 0 ? aspect : 1) };
}
