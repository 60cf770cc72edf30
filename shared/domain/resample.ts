/**
 * @file Resizing grey pictures: exact area average for shrinking, bilinear with half-pixel centres for enlarging.
 * One implementation for model input (224 and lower), thumbnails and overlays, in the app's processes and in the window.
 */

/** Per output position: where its weights start in `weights`, the first source index, and how many taps. */
interface Taps {
  readonly start: Int32Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
}

function areaTaps(length: number, outLength: number): Taps {
  const scale = length / outLength;
  const perOutput = Math.ceil(scale) + 1;
  const taps = emptyTaps(outLength, perOutput);
  for (let out = 0; out < outLength; out++) {
    const from = out * scale;
    const to = Math.min(length, (out + 1) * scale);
    const first = Math.floor(from);
    const last = Math.min(length, Math.max(first + 1, Math.ceil(to)));
    const at = out * perOutput;
    let total = 0;
    for (let index = first; index < last; index++) {
      const covered = Math.max(0, Math.min(to, index + 1) - Math.max(from, index));
      taps.weights[at + index - first] = covered;
      total += covered;
    }
    for (let tap = 0; tap < last - first; tap++)
      taps.weights[at + tap] = (taps.weights[at + tap] ?? 0) / total;
    taps.start[out] = at;
    taps.first[out] = first;
    taps.count[out] = last - first;
  }
  return taps;
}

function bilinearTaps(length: number, outLength: number): Taps {
  const scale = length / outLength;
  const taps = emptyTaps(outLength, 2);
  for (let out = 0; out < outLength; out++) {
    const position = Math.max(0, (out + 0.5) * scale - 0.5);
    const first = Math.min(length - 1, Math.floor(position));
    const fraction = first < length - 1 ? position - first : 0;
    taps.weights[out * 2] = 1 - fraction;
    taps.weights[out * 2 + 1] = fraction;
    taps.start[out] = out * 2;
    taps.first[out] = first;
    taps.count[out] = fraction > 0 ? 2 : 1;
  }
  return taps;
}

/** Keys' cubic convolution kernel (1981) with a = −0.5. */
function cubicWeight(distance: number): number {
  const t = Math.abs(distance);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

/** Four taps an output; those outside the picture are left out and the rest scaled to 1. */
function bicubicTaps(length: number, outLength: number): Taps {
  const scale = length / outLength;
  const taps = emptyTaps(outLength, 4);
  for (let out = 0; out < outLength; out++) {
    const position = (out + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.floor(position) - 1);
    const last = Math.min(length - 1, Math.floor(position) + 2);
    let total = 0;
    for (let index = first; index <= last; index++) total += cubicWeight(index - position);
    for (let index = first; index <= last; index++) {
      taps.weights[out * 4 + index - first] = cubicWeight(index - position) / total;
    }
    taps.start[out] = out * 4;
    taps.first[out] = first;
    taps.count[out] = last - first + 1;
  }
  return taps;
}

function nearestTaps(length: number, outLength: number): Taps {
  const taps = emptyTaps(outLength, 1);
  for (let out = 0; out < outLength; out++) {
    taps.weights[out] = 1;
    taps.start[out] = out;
    taps.first[out] = Math.min(length - 1, Math.floor(((out + 0.5) * length) / outLength));
    taps.count[out] = 1;
  }
  return taps;
}

function emptyTaps(outLength: number, perOutput: number): Taps {
  return {
    start: new Int32Array(outLength),
    first: new Int32Array(outLength),
    count: new Int32Array(outLength),
    weights: new Float64Array(outLength * perOutput),
  };
}

function assertSize(source: ArrayLike<number>, sides: readonly number[]): void {
  if (!sides.every((side) => Number.isInteger(side) && side > 0)) {
    throw new RangeError(`Picture sides must be whole numbers above 0, got ${sides.join(', ')}.`);
  }
  const [width = 0, height = 0] = sides;
  if (source.length !== width * height) {
    throw new RangeError(
      `A picture of ${width} × ${height} has ${width * height} values, got ${source.length}.`,
    );
  }
}

/** Applies one set of taps along the rows, then another down the columns. [height, width] → [outHeight, outWidth] */
function separable(
  source: ArrayLike<number>,
  width: number,
  height: number,
  across: Taps,
  down: Taps,
): Float32Array {
  const outWidth = across.first.length;
  const outHeight = down.first.length;
  const result = new Float32Array(outWidth * outHeight);
  const row = new Float64Array(width);
  for (let y = 0; y < outHeight; y++) {
    row.fill(0);
    const firstRow = down.first[y] ?? 0;
    const rowTaps = down.count[y] ?? 0;
    const rowWeights = down.start[y] ?? 0;
    for (let tap = 0; tap < rowTaps; tap++) {
      const weight = down.weights[rowWeights + tap] ?? 0;
      const base = (firstRow + tap) * width;
      for (let x = 0; x < width; x++) row[x] = (row[x] ?? 0) + weight * (source[base + x] ?? 0);
    }
    for (let x = 0; x < outWidth; x++) {
      const first = across.first[x] ?? 0;
      const count = across.count[x] ?? 0;
      const weights = across.start[x] ?? 0;
      let sum = 0;
      for (let tap = 0; tap < count; tap++)
        sum += (across.weights[weights + tap] ?? 0) * (row[first + tap] ?? 0);
      result[y * outWidth + x] = sum;
    }
  }
  return result;
}

/**
 * Each output pixel is the mean of the source area that it covers, edges weighted by their exact coverage
 * (antialiased). An axis that grows is interpolated bilinearly instead.
 * @param source row-major [height × width]
 * @returns row-major [outHeight × outWidth], in the source's units, not rounded
 * @throws RangeError when a side is not a whole number above 0 or does not fit the source's length
 */
export function areaAverage(
  source: ArrayLike<number>,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
): Float32Array {
  assertSize(source, [width, height, outWidth, outHeight]);
  const across = outWidth > width ? bilinearTaps(width, outWidth) : areaTaps(width, outWidth);
  const down = outHeight > height ? bilinearTaps(height, outHeight) : areaTaps(height, outHeight);
  return separable(source, width, height, across, down);
}

/**
 * Brings a picture to another size by one kind of taps.
 * @param source row-major [height × width]
 * @returns row-major [outHeight × outWidth], in the source's units, not rounded
 * @throws RangeError when a side is not a whole number above 0 or does not fit the source's length
 */
export type Resize = (
  source: ArrayLike<number>,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
) => Float32Array;

function resizeBy(taps: (length: number, outLength: number) => Taps): Resize {
  return (source, width, height, outWidth, outHeight) => {
    assertSize(source, [width, height, outWidth, outHeight]);
    return separable(source, width, height, taps(width, outWidth), taps(height, outHeight));
  };
}

/**
 * Bilinear with half-pixel centres and clamped edges, no antialiasing: the same as PyTorch's
 * `interpolate(mode='bilinear', align_corners=False)`.
 */
export const bilinear: Resize = resizeBy(bilinearTaps);

/** Bicubic (Keys 1981, a = −0.5, as Pillow) with half-pixel centres, for enlarging; values may leave the source's range. */
export const bicubic: Resize = resizeBy(bicubicTaps);

/** The source pixel under each output pixel's centre. */
export const nearest: Resize = resizeBy(nearestTaps);

/** Rounds half up and clamps to 0…255: how every resized grey picture is stored. */
export function toGreyBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    bytes[index] = Math.min(255, Math.max(0, Math.floor((values[index] ?? 0) + 0.5)));
  }
  return bytes;
}
