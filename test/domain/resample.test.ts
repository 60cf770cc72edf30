/** @file Resampling against PyTorch's golden values and against a brute-force box average. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { areaAverage, bicubic, bilinear, nearest, toGreyBytes } from '../../shared/domain/resample.ts';

interface Golden {
  readonly mode: 'bilinear' | 'area';
  readonly size: [number, number, number, number];
  readonly source: number[];
  readonly result: number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/dicom/resample.json', import.meta.url), 'utf8'),
) as Golden[];

/** Repeats every pixel out × out times, then averages whole blocks: exact for any pair of sizes. */
function bruteForce(
  source: readonly number[],
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
) {
  const result: number[] = [];
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let v = 0; v < height; v++) {
        for (let u = 0; u < width; u++) {
          const row = Math.floor((y * height + v) / outHeight);
          sum += source[row * width + Math.floor((x * width + u) / outWidth)] ?? NaN;
        }
      }
      result.push(sum / (width * height));
    }
  }
  return result;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let index = 0; index < a.length; index++) {
    worst = Math.max(worst, Math.abs((a[index] ?? NaN) - (b[index] ?? NaN)));
  }
  return worst;
}

describe('resampling', () => {
  it.each(golden)('$mode $size equals PyTorch', ({ mode, size, source, result }) => {
    const out = (mode === 'area' ? areaAverage : bilinear)(source, ...size);
    expect(largestDifference(out, result)).toBeLessThan(1e-3);
  });

  it('area average equals a brute-force box average for any shrinking pair of sizes', () => {
    const side = fc.integer({ min: 1, max: 13 });
    fc.assert(
      fc.property(side, side, side, side, fc.integer(), (a, b, c, d, seed) => {
        const [width, outWidth] = [Math.max(a, b), Math.min(a, b)];
        const [height, outHeight] = [Math.max(c, d), Math.min(c, d)];
        const source = Array.from({ length: width * height }, (_, i) =>
          Math.abs((seed ^ (i * 2654435761)) % 256),
        );
        const out = areaAverage(source, width, height, outWidth, outHeight);
        expect(largestDifference(out, bruteForce(source, width, height, outWidth, outHeight))).toBeLessThan(
          1e-3,
        );
      }),
      { seed: 20, numRuns: 200 },
    );
  });

  it('keeps a constant and the mean', () => {
    const flat = areaAverage(new Uint8Array(97 * 61).fill(200), 97, 61, 28, 28);
    expect(largestDifference(flat, new Float32Array(28 * 28).fill(200))).toBeLessThan(1e-4);
  });

  it('interpolates an axis that grows and averages the one that shrinks', () => {
    const source = [0, 100, 200, 300, 400, 500, 600, 700];
    expect([...areaAverage(source, 2, 4, 4, 1)]).toEqual([...bilinear([300, 400], 2, 1, 4, 1)]);
  });

  it('bicubic equals Pillow, nearest takes the pixel under the centre', () => {
    const source = [0, 10, 200, 50, 30, 255, 0, 90, 5, 60, 120, 180, 70, 20, 240, 10];
    // Pillow 13.0: Image.fromarray(source as 4 × 4, mode 'F').resize((8, 8), Image.BICUBIC), row 3.
    const row = [7.1507, 69.9413, 203.029, 199.7443, 50.7294, 15.7845, 89.7117, 124.5703];
    const enlarged = bicubic(source, 4, 4, 8, 8).slice(24, 32);
    row.forEach((value, index) => expect(enlarged[index]).toBeCloseTo(value, 3));
    expect([...nearest(source, 4, 4, 8, 8).slice(24, 32)]).toEqual([30, 30, 255, 255, 0, 0, 90, 90]);
  });
  it('the same size is the same picture', () => {
    const source = Uint8Array.from({ length: 35 }, (_, i) => (i * 37) % 256);
    expect([...areaAverage(source, 7, 5, 7, 5)]).toEqual([...source]);
    expect([...bilinear(source, 7, 5, 7, 5)]).toEqual([...source]);
  });

  it('refuses sides that do not fit', () => {
    expect(() => areaAverage([1, 2, 3], 2, 2, 1, 1)).toThrow(RangeError);
    expect(() => bilinear([1], 1, 1, 0, 1)).toThrow(RangeError);
    expect(() => bilinear([1], 1, 1, 1.5, 1)).toThrow(RangeError);
  });

  it('rounds half up and clamps', () => {
    expect([...toGreyBytes([-3, 0.49, 0.5, 254.5, 300])]).toEqual([0, 0, 1, 255, 255]);
  });
});
