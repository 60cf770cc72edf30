/** @file Fixed sine and cosine positions of a square grid of patches, as masked autoencoders use them. */

/** Position `at` along one axis as `width` values: the sines of all frequencies, then the cosines (Vaswani 2017). */
function alongAxis(at: number, width: number): number[] {
  const half = width / 2;
  const angles = Array.from({ length: half }, (_, i) => at / 10000 ** (i / half));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

/**
 * Positions [1 + grid², width], row by row, flat: zeros for the class token, then the column in the first half of the
 * channels and the row in the second (He et al. 2022, `get_2d_sincos_pos_embed`). `width` is a multiple of 4.
 */
export function sineCosinePositions(width: number, grid: number): Float32Array {
  const positions = new Float32Array((1 + grid * grid) * width);
  const axis = Array.from({ length: grid }, (_, at) => alongAxis(at, width / 2));
  for (let row = 0; row < grid; row += 1) {
    for (let column = 0; column < grid; column += 1) {
      const start = (1 + row * grid + column) * width;
      positions.set(axis[column] ?? [], start);
      positions.set(axis[row] ?? [], start + width / 2);
    }
  }
  return positions;
}
