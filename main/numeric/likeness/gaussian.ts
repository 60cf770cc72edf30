/**
 * @file How far a film lies from those that a model learned from: Mahalanobis distance to one Gaussian in its feature space (Lee et
 * al. 2018, without their classes: a film has several findings), along the directions in which the training films differ most. The
 * covariance is shrunk towards a multiple of the identity (Ledoit and Wolf 2004): a library may have few films.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export interface Gaussian {
  /** [F]. */
  readonly mean: Float32Array;
  /** A row a direction, divided by its shrunk standard deviation, [K, F]: |W·(f − mean)| is the distance. */
  readonly whitening: Float32Array;
  /** The identity's share of the covariance along the directions, 0…1. */
  readonly shrinkage: number;
}

/** Features of films; a row a film, [films, F]. */
export interface FeatureRows {
  readonly values: Float32Array;
  readonly width: number;
}

/** More directions than this made nothing better. */
const MOST_DIRECTIONS = 128;

const rowsOf = ({ values, width }: FeatureRows): number => values.length / width;

/** Rows less their mean, and the mean. */
function centred(features: FeatureRows): { readonly rows: Matrix; readonly mean: Float32Array } {
  const { values, width } = features;
  const films = rowsOf(features);
  const rows = new Matrix(films, width);
  const mean = new Float32Array(width);
  for (let column = 0; column < width; column += 1) {
    let sum = 0;
    for (let film = 0; film < films; film += 1) sum += values[film * width + column] as number;
    mean[column] = sum / films;
    for (let film = 0; film < films; film += 1) {
      rows.set(film, column, (values[film * width + column] as number) - sum / films);
    }
  }
  return { rows, mean };
}

/** x·xᵀ for the rows of `x`. */
function products(x: Matrix): Matrix {
  const rows = x.to2DArray();
  const all = new Matrix(rows.length, rows.length);
  rows.forEach((a, at) => {
    for (let other = 0; other <= at; other += 1) {
      const b = rows[other] as number[];
      let sum = 0;
      for (let column = 0; column < b.length; column += 1)
        sum += (a[column] as number) * (b[column] as number);
      all.set(at, other, sum);
      all.set(other, at, sum);
    }
  });
  return all;
}

/** Principal directions with the variance along each (over n), widest first; fewer where the films do not span so many. */
function directions(
  rows: Matrix,
  most: number,
): readonly { readonly variance: number; readonly axis: Float64Array }[] {
  const { rows: films, columns: width } = rows;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(products(rows), {
    assumeSymmetric: true,
  });
  const largest = Math.max(0, ...realEigenvalues);
  return [...realEigenvalues.keys()]
    .sort((a, b) => (realEigenvalues[b] as number) - (realEigenvalues[a] as number))
    .slice(0, most)
    .filter((at) => (realEigenvalues[at] as number) > 1e-9 * largest)
    .map((at) => {
      const square = realEigenvalues[at] as number;
      const axis = new Float64Array(width);
      for (let film = 0; film < films; film += 1) {
        const weight = eigenvectorMatrix.get(film, at) / Math.sqrt(square);
        for (let column = 0; column < width; column += 1) {
          axis[column] = (axis[column] as number) + weight * rows.get(film, column);
        }
      }
      return { variance: square / films, axis };
    });
}

/** Ledoit and Wolf's share of the identity for rows whose covariance is diagonal. `lengths`: |z|² of each row. */
function shrinkageOf(variances: readonly number[], lengths: readonly number[]): number {
  const width = variances.length;
  const level = variances.reduce((sum, variance) => sum + variance, 0) / width;
  const squares = variances.reduce((sum, variance) => sum + variance ** 2, 0);
  const fourth = lengths.reduce((sum, length) => sum + length ** 2, 0) / lengths.length;
  const spread = squares - width * level ** 2;
  const error = Math.min(spread, (fourth - squares) / lengths.length);
  return error > 0 && spread > 0 ? error / spread : 0;
}

/** Fits the Gaussian of some films. Null where they do not differ in anything. */
export function fitGaussian(features: FeatureRows): Gaussian | null {
  const { width } = features;
  const { rows, mean } = centred(features);
  const found = directions(rows, Math.min(MOST_DIRECTIONS, Math.floor(rows.rows / 2)));
  if (found.length === 0) return null;
  const variances = found.map(({ variance }) => variance);
  const lengths = Array.from({ length: rows.rows }, (_, film) =>
    found.reduce((sum, { axis }) => {
      let along = 0;
      for (let column = 0; column < width; column += 1)
        along += (axis[column] as number) * rows.get(film, column);
      return sum + along ** 2;
    }, 0),
  );
  const shrinkage = shrinkageOf(variances, lengths);
  const level = variances.reduce((sum, variance) => sum + variance, 0) / variances.length;
  const whitening = new Float32Array(found.length * width);
  found.forEach(({ variance, axis }, row) => {
    const deviation = Math.sqrt((1 - shrinkage) * variance + shrinkage * level);
    axis.forEach((value, column) => (whitening[row * width + column] = value / deviation));
  });
  return whitening.every(Number.isFinite) ? { mean, whitening, shrinkage } : null;
}

/** Distance of one film's features [F] along the directions. */
export function distanceTo({ mean, whitening }: Gaussian, features: ArrayLike<number>): number {
  const width = mean.length;
  const from = Float64Array.from(mean, (middle, at) => (features[at] ?? Number.NaN) - middle);
  let squares = 0;
  for (let start = 0; start < whitening.length; start += width) {
    let sum = 0;
    for (let column = 0; column < width; column += 1) {
      sum += (whitening[start + column] as number) * (from[column] as number);
    }
    squares += sum ** 2;
  }
  return Math.sqrt(squares);
}

/** The same of every row. */
export function distancesTo(gaussian: Gaussian, features: FeatureRows): Float64Array {
  const { values, width } = features;
  return Float64Array.from({ length: rowsOf(features) }, (_, film) =>
    distanceTo(gaussian, values.subarray(film * width, (film + 1) * width)),
  );
}
