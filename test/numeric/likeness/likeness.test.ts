/** @file Distance to the training films: against scikit-learn, its limit by conformal rank, its file and what is no such file. */
import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { conformalLimit, FEWEST_FILMS } from '../../../main/numeric/likeness/conformal-limit.ts';
import { distancesTo, distanceTo, fitGaussian } from '../../../main/numeric/likeness/gaussian.ts';
import { readLikeness, writeLikeness } from '../../../main/numeric/likeness/likeness-file.ts';
import { writeSafetensors } from '../../../main/numeric/weights/safetensors.ts';
import { WeightsError } from '../../../main/numeric/weights/weights-error.ts';

interface Golden {
  readonly width: number;
  readonly directions: number;
  readonly train: readonly number[];
  readonly others: readonly number[];
  readonly shrinkage: number;
  readonly distances: readonly number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/numeric/likeness.json', import.meta.url), 'utf8'),
) as Golden[];

const rows = (values: readonly number[], width: number) => ({ values: Float32Array.from(values), width });

describe('Mahalanobis distance with a shrunk covariance', () => {
  it.each(golden)(
    'is scikit-learn’s for $width features',
    ({ width, train, others, shrinkage, distances }) => {
      const fit = fitGaussian(rows(train, width));
      expect(fit?.shrinkage).toBeCloseTo(shrinkage, 8);
      const found = [...distancesTo(fit ?? expect.fail(), rows(others, width))];
      found.forEach((distance, at) => {
        expect(Math.abs(distance / (distances[at] ?? Number.NaN) - 1)).toBeLessThan(1e-5);
      });
    },
  );

  it('there is none where the films do not differ', () => {
    expect(fitGaussian(rows([1, 2, 1, 2, 1, 2], 2))).toBeNull();
  });

  it('what is not a number is at no distance', () => {
    const { width, train } = golden[0] ?? expect.fail();
    const fit = fitGaussian(rows(train, width)) ?? expect.fail();
    expect(
      distanceTo(
        fit,
        Array.from({ length: width }, () => Number.NaN),
      ),
    ).toBeNaN();
  });
});

describe('limit', () => {
  const upTo = (count: number) => Float64Array.from({ length: count }, (_, at) => count - at);

  it('is the distance of conformal rank ⌈(n + 1) · 0.99⌉', () => {
    expect(conformalLimit(upTo(99))).toEqual({ limit: 99, quantile: 0.99 });
    expect(conformalLimit(upTo(199))).toEqual({ limit: 198, quantile: 0.99 });
    expect(conformalLimit(upTo(1000))).toEqual({ limit: 991, quantile: 0.99 });
  });

  it('is the largest distance where there are fewer than 99 films, and says what that promises', () => {
    expect(conformalLimit(upTo(49))).toEqual({ limit: 49, quantile: 0.98 });
    expect(conformalLimit(upTo(FEWEST_FILMS))).toEqual({ limit: 19, quantile: 0.95 });
    expect(conformalLimit(upTo(FEWEST_FILMS - 1))).toBeNull();
  });

  it('is exceeded by a further film of the same kind no oftener than promised', () => {
    fc.assert(
      fc.property(fc.integer({ min: FEWEST_FILMS, max: 400 }), (films) => {
        const { limit, quantile } = conformalLimit(upTo(films)) ?? expect.fail();
        // Of n + 1 films that could stand anywhere, the further one is beyond `limit` at n + 1 − limit places.
        expect((films + 1 - limit) / (films + 1)).toBeLessThanOrEqual(1 - quantile + 1e-9);
      }),
    );
  });
});

describe('file', () => {
  const { width, train, others } = golden[0] ?? expect.fail();
  const gaussian = fitGaussian(rows(train, width)) ?? expect.fail();
  const facts = {
    limit: 3.5,
    quantile: 0.99,
    weightsSha256: 'a'.repeat(64),
    trainFilms: 200,
    validationFilms: 120,
  };
  const bytes = writeLikeness({ ...gaussian, ...facts });

  it('gives back every number', () => {
    const read = readLikeness(bytes);
    expect(read).toEqual({ ...gaussian, ...facts });
    expect(distancesTo(read, rows(others, width))).toEqual(distancesTo(gaussian, rows(others, width)));
  });

  it('refuses what is cut off, of another kind, without its note or of shapes that do not fit', () => {
    const broken = [
      bytes.subarray(0, bytes.length - 4),
      writeSafetensors(new Map([['mean', { shape: [2], values: new Float32Array(2) }]])),
      writeLikeness({ ...gaussian, ...facts, mean: gaussian.mean.subarray(1) }).subarray(0),
      writeLikeness({ ...gaussian, ...facts, weightsSha256: 'x' }),
      writeLikeness({ ...gaussian, ...facts, limit: Number.NaN }),
    ];
    for (const one of broken) expect(() => readLikeness(one)).toThrow(WeightsError);
  });
});
