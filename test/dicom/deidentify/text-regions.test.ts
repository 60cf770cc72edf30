/** @file The warning of writing in a picture: letters drawn here on a picture like a film, and shapes that are none. */
import { expect, it } from 'vitest';

import { findTextRegions } from '../../../main/dicom/deidentify/text-regions.ts';
import { isLetter, sizeOfWriting } from '../../helpers/burned-in.ts';

const [ROWS, COLS] = [400, 360];

/** A soft picture, dark at the edges. */
function chest(): Uint8Array {
  return Uint8Array.from({ length: ROWS * COLS }, (_, at) => {
    const [row, col] = [Math.floor(at / COLS), at % COLS];
    return 40 + 110 * Math.sin((Math.PI * row) / ROWS) * Math.sin((Math.PI * col) / COLS) + ((at * 37) % 7);
  });
}

function write(
  picture: Uint8Array,
  x: number,
  y: number,
  cell: number,
  grey: number,
): { width: number; height: number } {
  for (let at = 0; at < picture.length; at++)
    if (isLetter(Math.floor(at / COLS), at % COLS, { x, y, cell })) picture[at] = grey;
  return sizeOfWriting(cell);
}

it.each([
  [20, 20, 1, 250],
  [200, 360, 2, 250],
  [100, 180, 3, 255],
  [100, 180, 3, 0],
])('finds writing at %d, %d with strokes of %d px in grey %d', (x, y, cell, grey) => {
  const picture = chest();
  const { width, height } = write(picture, x, y, cell, grey);
  const regions = findTextRegions(picture, ROWS, COLS);
  expect(regions).toHaveLength(1);
  const [box] = regions;
  expect(box?.x).toBeLessThanOrEqual(x);
  expect(box?.y).toBeLessThanOrEqual(y);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeGreaterThanOrEqual(x + width);
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeGreaterThanOrEqual(y + height);
});

it('finds nothing in a picture without writing: soft tissue, ribs, a wire, a side marker of one letter', () => {
  const picture = chest();
  for (let col = 40; col < 320; col++) {
    for (let rib = 0; rib < 6; rib++) {
      const row = Math.round(70 + rib * 45 + 0.0015 * (col - 180) ** 2);
      for (let thick = 0; thick < 8; thick++) picture[(row + thick) * COLS + col] = 190;
    }
    picture[(Math.round(col * 0.7) + 60) * COLS + col] = 255;
  }
  for (let row = 20; row < 55; row++) for (let col = 30; col < 36; col++) picture[row * COLS + col] = 255;
  expect(findTextRegions(picture, ROWS, COLS)).toEqual([]);
});

it('has boxes in pixels of the whole picture where that was sampled', () => {
  const scale = 5;
  const small = chest();
  const { width, height } = write(small, 60, 100, 2, 255);
  const large = Uint8Array.from({ length: ROWS * COLS * scale * scale }, (_, at) => {
    const [row, col] = [Math.floor(at / (COLS * scale)), at % (COLS * scale)];
    return small[Math.floor(row / scale) * COLS + Math.floor(col / scale)] ?? 0;
  });
  const [box] = findTextRegions(large, ROWS * scale, COLS * scale);
  expect(box?.x).toBeLessThanOrEqual(60 * scale);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeGreaterThanOrEqual((60 + width) * scale);
  expect(box?.height).toBeGreaterThanOrEqual(height * scale);
  expect(box?.height).toBeLessThan(height * scale * 2);
});

it('looks at tiny and empty pictures without fault', () => {
  expect(findTextRegions(new Uint8Array(0), 0, 0)).toEqual([]);
  expect(findTextRegions(new Uint8Array(64), 8, 8)).toEqual([]);
  expect(findTextRegions(new Uint8Array(64 * 64), 64, 64)).toEqual([]);
});
