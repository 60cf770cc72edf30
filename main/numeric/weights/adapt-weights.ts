/**
 * @file Positions and patch kernels for another grid or patch size: positions by antialiased bicubic interpolation (as
 * timm), patch kernels by pseudo-inverse resampling (Beyer et al. 2023, FlexiViT).
 */
import type { VitConfig } from '../vit/config.ts';
import { gridSize } from '../vit/config.ts';
import type { Weights } from '../vit/parameters.ts';

/** A dense matrix, row-major. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/**
 * How PyTorch interpolates bicubically: `antialiased` (Keys 1981 with a = −0.5, weights cut off at the border and brought to
 * sum 1), or `plain` (a = −0.75, the border repeated), which recipes of before its antialiasing use.
 */
export type Bicubic = 'antialiased' | 'plain';

/** Cubic convolution kernel (Keys 1981). */
function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return 0;
}

/** Matrix [to, from] of plain bicubic resizing along one axis, half-pixel centres. */
function plainResizeMatrix(from: number, to: number): Matrix {
  const values = new Float64Array(to * from);
  for (let out = 0; out < to; out += 1) {
    const centre = ((out + 0.5) * from) / to - 0.5;
    for (let at = Math.floor(centre) - 1; at <= Math.floor(centre) + 2; at += 1) {
      const entry = out * from + Math.min(from - 1, Math.max(0, at));
      values[entry] = (values[entry] ?? 0) + cubic(at - centre, -0.75);
    }
  }
  return { rows: to, columns: from, values };
}

/** Matrix [to, from] of antialiased bicubic resizing along one axis, half-pixel centres. */
function resizeMatrix(from: number, to: number): Matrix {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const values = new Float64Array(to * from);
  for (let out = 0; out < to; out += 1) {
    const centre = (out + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - 2 * stretch + 0.5));
    const end = Math.min(from, Math.floor(centre + 2 * stretch + 0.5));
    let total = 0;
    for (let at = first; at < end; at += 1) {
      const weight = cubic((at + 0.5 - centre) / stretch, -0.5);
      values[out * from + at] = weight;
      total += weight;
    }
    for (let at = first; at < end; at += 1) {
      values[out * from + at] = (values[out * from + at] ?? 0) / total;
    }
  }
  return { rows: to, columns: from, values };
}

const cell = (matrix: Matrix, row: number, column: number): number =>
  matrix.values[row * matrix.columns + column] ?? 0;

function transposed(a: Matrix): Matrix {
  const values = new Float64Array(a.values.length);
  for (let r = 0; r < a.rows; r += 1) {
    for (let c = 0; c < a.columns; c += 1) values[c * a.rows + r] = cell(a, r, c);
  }
  return { rows: a.columns, columns: a.rows, values };
}

function product(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.rows * b.columns);
  for (let r = 0; r < a.rows; r += 1) {
    for (let k = 0; k < a.columns; k += 1) {
      const factor = cell(a, r, k);
      for (let c = 0; c < b.columns; c += 1) {
        values[r * b.columns + c] = (values[r * b.columns + c] ?? 0) + factor * cell(b, k, c);
      }
    }
  }
  return { rows: a.rows, columns: b.columns, values };
}

/** a⁻¹ · b for a square a, by Gauss–Jordan with row pivoting. */
function solve(a: Matrix, b: Matrix): Matrix {
  const n = a.rows;
  const left = a.values.slice();
  const right = b.values.slice();
  const swap = (list: Float64Array, width: number, i: number, j: number) => {
    const kept = list.slice(i * width, (i + 1) * width);
    list.copyWithin(i * width, j * width, (j + 1) * width);
    list.set(kept, j * width);
  };
  const scaleRow = (list: Float64Array, width: number, row: number, factor: number) => {
    for (let c = 0; c < width; c += 1) list[row * width + c] = (list[row * width + c] ?? 0) * factor;
  };
  const subtract = (list: Float64Array, width: number, row: number, from: number, factor: number) => {
    for (let c = 0; c < width; c += 1) {
      list[row * width + c] = (list[row * width + c] ?? 0) - factor * (list[from * width + c] ?? 0);
    }
  };
  for (let column = 0; column < n; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < n; row += 1) {
      if (Math.abs(left[row * n + column] ?? 0) > Math.abs(left[pivot * n + column] ?? 0)) pivot = row;
    }
    if (pivot !== column) {
      swap(left, n, column, pivot);
      swap(right, b.columns, column, pivot);
    }
    const inverse = 1 / (left[column * n + column] ?? 0);
    scaleRow(left, n, column, inverse);
    scaleRow(right, b.columns, column, inverse);
    for (let row = 0; row < n; row += 1) {
      const factor = left[row * n + column] ?? 0;
      if (row === column || factor === 0) continue;
      subtract(left, n, row, column, factor);
      subtract(right, b.columns, row, column, factor);
    }
  }
  return { rows: n, columns: b.columns, values: right };
}

/** pinv(Aᵀ) for a resizing matrix A [to, from] of full rank: [to, from]. */
function kernelMatrix(from: number, to: number, bicubic: Bicubic): Matrix {
  const a = bicubic === 'plain' ? plainResizeMatrix(from, to) : resizeMatrix(from, to);
  const t = transposed(a);
  // Enlarging: A·(AᵀA)⁻¹. Shrinking: (A·Aᵀ)⁻¹·A.
  return to >= from ? transposed(solve(product(t, a), t)) : solve(product(a, t), a);
}

/** Applies `m` along both axes of every plane [from, from] of `planes` stacked planes → [planes, to, to]. */
function applySeparably(values: Float64Array, planes: number, m: Matrix): Float64Array {
  const { rows: to, columns: from } = m;
  const out = new Float64Array(planes * to * to);
  for (let plane = 0; plane < planes; plane += 1) {
    const square = {
      rows: from,
      columns: from,
      values: values.subarray(plane * from * from, (plane + 1) * from * from),
    };
    out.set(product(product(m, square), transposed(m)).values, plane * to * to);
  }
  return out;
}

/** [points, width] → [width, points] as planes, and back. */
function channelsFirst(values: ArrayLike<number>, points: number, width: number): Float64Array {
  const out = new Float64Array(points * width);
  for (let p = 0; p < points; p += 1) {
    for (let c = 0; c < width; c += 1) out[c * points + p] = values[p * width + c] ?? 0;
  }
  return out;
}

/** Positions [1, from² + 1, D] → [1, to² + 1, D]; the class token's stays. */
export function resizePositions(
  positions: Float32Array,
  width: number,
  from: number,
  to: number,
): Float32Array {
  const planes = channelsFirst(positions.subarray(width), from * from, width);
  const resized = applySeparably(planes, width, resizeMatrix(from, to));
  const out = new Float32Array((to * to + 1) * width);
  out.set(positions.subarray(0, width));
  out.set(Float32Array.from(channelsFirst(resized, width, to * to)), width);
  return out;
}

/** Patch kernel [3·from², D] → [3·to², D], so that a patch and its resized copy get nearly the same embedding. */
export function resizePatchKernel(
  kernel: Float32Array,
  width: number,
  from: number,
  to: number,
  bicubic: Bicubic = 'antialiased',
): Float32Array {
  const planes = channelsFirst(kernel, 3 * from * from, width); // [D, 3, from, from]
  const resized = applySeparably(planes, 3 * width, kernelMatrix(from, to, bicubic));
  return Float32Array.from(channelsFirst(resized, width, 3 * to * to));
}

export interface AdaptedWeights {
  readonly weights: Weights;
  readonly config: VitConfig;
  /** What was changed, in words; empty when nothing was. */
  readonly changes: readonly string[];
}

/** Weights for another input size or patch of the same model. */
export function adaptWeights(
  weights: Weights,
  config: VitConfig,
  target: { readonly imageSize: number; readonly patch: number },
): AdaptedWeights {
  const next = { ...config, ...target };
  const changed = new Map(weights);
  const changes: string[] = [];
  const [from, to] = [gridSize(config), gridSize(next)];
  const positions = weights.get('positions');
  const kernel = weights.get('patch.kernel');
  if (from !== to && positions !== undefined) {
    changed.set('positions', resizePositions(positions, config.width, from, to));
    changes.push(`positions interpolated from ${from} × ${from} to ${to} × ${to}`);
  }
  if (config.patch !== target.patch && kernel !== undefined) {
    changed.set('patch.kernel', resizePatchKernel(kernel, config.width, config.patch, target.patch));
    changes.push(`patch kernels resampled from ${config.patch} to ${target.patch} pixels`);
  }
  return { weights: changed, config: next, changes };
}
