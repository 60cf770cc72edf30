/** @file Metrics against scikit-learn and Holm against statsmodels (test/fixtures/make/metrics-golden.py), and the edge cases. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { auroc, delong } from '../../../main/numeric/metrics/auroc.ts';
import { MetricsError } from '../../../main/numeric/metrics/binary-scores.ts';
import { bootstrapByPatient } from '../../../main/numeric/metrics/bootstrap.ts';
import { macroAuroc } from '../../../main/numeric/metrics/macro.ts';
import { holmAdjusted } from '../../../main/numeric/metrics/multiple-tests.ts';
import {
  averagePrecision,
  brier,
  calibrationBins,
  expectedCalibrationError,
} from '../../../main/numeric/metrics/probability-scores.ts';

interface Golden {
  readonly labels: number[];
  readonly scores: number[];
  readonly auroc: number;
  readonly ap: number;
  readonly brier: number;
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/numeric/metrics.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly Golden[];
  readonly holm: readonly { readonly p: number[]; readonly adjusted: number[] }[];
};

describe('against scikit-learn', () => {
  it.each(golden.cases.map((one, index) => [index, one] as const))('case %i', (_, one) => {
    expect(Math.abs((auroc(one) ?? Number.NaN) - one.auroc)).toBeLessThan(1e-12);
    expect(Math.abs((averagePrecision(one) ?? Number.NaN) - one.ap)).toBeLessThan(1e-12);
    expect(Math.abs((brier(one) ?? Number.NaN) - one.brier)).toBeLessThan(1e-12);
  });
});

describe('Holm', () => {
  it.each(golden.holm)('as statsmodels, $p.length tests', ({ p, adjusted }) => {
    const own = holmAdjusted(p);
    expect(own).toHaveLength(adjusted.length);
    own.forEach((value, index) => {
      expect(value).toBeCloseTo(adjusted[index] ?? NaN, 12);
    });
  });
  it('leaves undefined tests out and refuses what is not a p value', () => {
    expect(holmAdjusted([0.01, 0.04, null, 0.03, 0.005])).toEqual([0.03, 0.06, null, 0.06, 0.02]);
    expect(holmAdjusted([0.6, null, 0.7])).toEqual([1, null, 1]);
    expect(() => holmAdjusted([1.2])).toThrow(MetricsError);
  });
});

describe('edges', () => {
  it('an absent class is undefined, never .5', () => {
    expect(auroc({ labels: [1, 1], scores: [0.1, 0.9] })).toBeNull();
    expect(delong({ labels: [0, 0], scores: [0.1, 0.9] })).toBeNull();
    expect(averagePrecision({ labels: [0], scores: [0.1] })).toBeNull();
    const macro = macroAuroc(
      [
        [1, 0, null],
        [0, 0, 0],
      ],
      [
        [0.9, 0.1, 0.5],
        [0.1, 0.2, 0.3],
      ],
    );
    expect(macro).toMatchObject({ value: 1, k: 1, of: 2, perFinding: [1, null] });
  });
  it('all ties are .5; one film a class has no interval; the interval stays within [0, 1]', () => {
    expect(auroc({ labels: [0, 1, 0, 1], scores: [0.5, 0.5, 0.5, 0.5] })).toBe(0.5);
    expect(delong({ labels: [0, 1], scores: [0.1, 0.9] })).toEqual({ auroc: 1, variance: null, ci: null });
    const [low, high] =
      delong({ labels: [0, 1, 0, 1, 1, 0], scores: [0.1, 0.9, 0.2, 0.15, 0.8, 0.3] })?.ci ?? [];
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBe(1);
  });
  it('refuses what is not a label or a score', () => {
    expect(() => auroc({ labels: [0, 2], scores: [0, 1] })).toThrow(MetricsError);
    expect(() => auroc({ labels: [0, 1], scores: [0, Number.NaN] })).toThrow(MetricsError);
    expect(() => brier({ labels: [0], scores: [] })).toThrow(MetricsError);
    expect(brier({ labels: [0], scores: [3] })).toBeNull();
  });
  it('calibration bins hold every film once and a perfect forecast has no error', () => {
    const data = { labels: [0, 0, 1, 1, 1], scores: [0, 0, 1, 1, 1] };
    expect(calibrationBins(data, 2).map((bin) => bin.n)).toEqual([2, 3]);
    expect(expectedCalibrationError(data)).toBe(0);
    expect(expectedCalibrationError({ labels: [1, 0], scores: [0.25, 0.25] }, 1)).toBe(0.25);
  });
});

describe('patient bootstrap', () => {
  const patients = Array.from({ length: 60 }, (_, i) => `p${i % 20}`);
  const values = Float64Array.from({ length: 60 }, (_, i) => i % 7);
  const mean = (films: Uint32Array) =>
    films.reduce((sum, film) => sum + (values[film] ?? 0), 0) / films.length;
  it('is repeatable, contains the estimate, and draws whole patients', () => {
    const one = bootstrapByPatient(patients, mean, { resamples: 500, seed: 3 });
    expect(one).toEqual(bootstrapByPatient(patients, mean, { resamples: 500, seed: 3 }));
    expect(one).not.toEqual(bootstrapByPatient(patients, mean, { resamples: 500, seed: 4 }));
    const estimate = mean(Uint32Array.from(values.keys()));
    expect(one.ci?.[0]).toBeLessThan(estimate);
    expect(one.ci?.[1]).toBeGreaterThan(estimate);
    bootstrapByPatient(
      patients,
      (films) => {
        expect(films.length).toBe(60);
        return 0;
      },
      { resamples: 5 },
    );
  });
  it('counts undefined replicates and gives no interval when most are', () => {
    expect(bootstrapByPatient(patients, () => null, { resamples: 10 })).toEqual({
      ci: null,
      defined: 0,
      resamples: 10,
    });
  });
});
