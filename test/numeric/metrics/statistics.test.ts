/** @file DeLong against pROC (test/fixtures/make/proc-golden.R), curves, operating points, p values and temperature. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { auroc, delong, delongDifference } from '../../../main/numeric/metrics/auroc.ts';
import { MetricsError } from '../../../main/numeric/metrics/binary-scores.ts';
import { precisionRecallCurve, rocCurve, thinCurve } from '../../../main/numeric/metrics/curves.ts';
import { proportion, twoSidedP } from '../../../main/numeric/metrics/normal-distribution.ts';
import {
  operatingPoint,
  sensitivityThreshold,
  specificityThreshold,
  youdenThreshold,
} from '../../../main/numeric/metrics/operating-point.ts';
import { fitTemperature, logitOf, scaledProbability } from '../../../main/numeric/metrics/temperature.ts';
import { uniformGenerator } from '../../../main/numeric/vit/init.ts';
import { uniform } from '../reference.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/numeric/${name}`, import.meta.url), 'utf8'));

const proc = read('proc.json') as {
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly outcome: number[];
        readonly markers: number[][];
        readonly auroc: number[];
        readonly variance: number[];
        readonly ci: [number, number][];
        readonly tests: { a: number; b: number; z: number; p: number; ci: [number, number] }[];
      }
    >
  >;
};

describe("against R's pROC", () => {
  it.each(Object.entries(proc.cases))('AUROC, variance and clipped interval: %s', (_, one) => {
    expect(one.markers.length).toBeGreaterThan(1);
    one.markers.forEach((scores, index) => {
      const result = delong({ labels: one.outcome, scores });
      expect(Math.abs((result?.auroc ?? NaN) - (one.auroc[index] ?? NaN))).toBeLessThan(1e-12);
      expect(Math.abs((result?.variance ?? NaN) - (one.variance[index] ?? NaN))).toBeLessThan(1e-12);
      const [low = NaN, high = NaN] = result?.ci ?? [];
      expect(Math.abs(low - (one.ci[index]?.[0] ?? NaN))).toBeLessThan(1e-12);
      expect(Math.abs(high - (one.ci[index]?.[1] ?? NaN))).toBeLessThan(1e-12);
    });
  });
  it.each(Object.entries(proc.cases))('paired tests: %s', (_, one) => {
    for (const { a, b, z, p, ci } of one.tests) {
      const difference = delongDifference(one.outcome, one.markers[a] ?? [], one.markers[b] ?? []);
      expect(Math.abs((difference?.z ?? NaN) - z)).toBeLessThan(1e-9);
      expect(Math.abs((difference?.p ?? NaN) - p)).toBeLessThan(1e-9);
      expect(Math.abs((difference?.ci[0] ?? NaN) - ci[0])).toBeLessThan(1e-12);
      expect(Math.abs((difference?.ci[1] ?? NaN) - ci[1])).toBeLessThan(1e-12);
    }
  });
  it('a marker against itself: z 0, p 1; no variance but a difference: undefined', () => {
    const labels = [0, 1, 0, 1, 1, 0];
    const scores = [1, 3, 2, 2, 5, 4];
    expect(delongDifference(labels, scores, scores)).toMatchObject({ difference: 0, z: 0, p: 1 });
    expect(delongDifference([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])).toMatchObject({
      difference: 1,
      z: null,
      p: null,
    });
  });
});

describe('against scikit-learn', () => {
  const cases = read('curves.json') as {
    readonly labels: number[];
    readonly scores: number[];
    readonly roc: readonly [number[], number[], number[]];
    readonly pr: readonly [number[], number[], number[]];
    readonly temperature: number;
  }[];
  const close = (actual: readonly number[], expected: readonly number[]) => {
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? NaN, 12);
    });
  };
  it.each(cases.map((one, index) => [index, one] as const))('curves and temperature, case %i', (_, one) => {
    const roc = rocCurve(one);
    close(
      roc.map(({ x }) => x),
      one.roc[0],
    );
    close(
      roc.map(({ y }) => y),
      one.roc[1],
    );
    close(
      roc.slice(1).map(({ threshold }) => threshold ?? NaN),
      one.roc[2],
    );
    const pr = precisionRecallCurve(one);
    close(
      pr.slice(0, one.pr[0].length).map(({ x }) => x),
      one.pr[0],
    );
    close(
      pr.slice(0, one.pr[1].length).map(({ y }) => y),
      one.pr[1],
    );
    expect((fitTemperature(one.scores, one.labels)?.temperature ?? NaN) / one.temperature).toBeCloseTo(1, 6);
  });
});

describe('curves', () => {
  const data = { labels: Array.from(uniform(1, 500), (u) => (u < 0.3 ? 1 : 0)), scores: uniform(2, 500) };
  it('the area under the ROC points is the AUROC', () => {
    const points = rocCurve(data);
    const area = points
      .slice(1)
      .reduce((sum, { x, y }, i) => sum + ((x - (points[i]?.x ?? 0)) * (y + (points[i]?.y ?? 0))) / 2, 0);
    expect(area).toBeCloseTo(auroc(data) ?? NaN, 12);
  });
  it('thinning keeps the ends and the limit', () => {
    const points = rocCurve(data);
    const thin = thinCurve(points, 50);
    expect(thin).toHaveLength(50);
    expect(thin[0]).toEqual(points[0]);
    expect(thin.at(-1)).toEqual(points.at(-1));
    expect(thinCurve(points.slice(0, 3), 50)).toHaveLength(3);
  });
  it('are empty without the classes they need', () => {
    expect(rocCurve({ labels: [1, 1], scores: [1, 2] })).toEqual([]);
    expect(precisionRecallCurve({ labels: [0], scores: [1] })).toEqual([]);
  });
});

describe('operating points', () => {
  const data = { labels: [0, 0, 1, 0, 1, 1], scores: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] };
  it('counts and rates at a threshold', () => {
    const point = operatingPoint(data, 0.3);
    expect(point).toMatchObject({ tp: 3, fp: 1, tn: 2, fn: 0 });
    expect(point.sensitivity.value).toBe(1);
    expect(point.specificity.value).toBeCloseTo(2 / 3, 12);
    expect(point.ppv.value).toBe(0.75);
    expect(point.npv.value).toBe(1);
    expect(operatingPoint({ labels: [0], scores: [0] }, 1).sensitivity).toEqual({ value: null, ci: null });
  });
  it('Youden takes the best sum, the highest threshold of equals, between two scores', () => {
    expect(youdenThreshold(data)).toBeCloseTo(0.45, 12); // J = 2/3 both at .5 and at .3
    expect(youdenThreshold({ labels: [1, 1], scores: [1, 2] })).toBeNull();
    const reversed = { labels: [1, 0], scores: [0, 1] };
    const none = youdenThreshold(reversed);
    expect(operatingPoint(reversed, none ?? 0)).toMatchObject({ tp: 0, fp: 0 });
  });
  it('a fixed sensitivity is reached with the highest threshold that does', () => {
    expect(operatingPoint(data, sensitivityThreshold(data, 0.6) ?? 0).sensitivity.value).toBeCloseTo(
      2 / 3,
      12,
    );
    expect(operatingPoint(data, sensitivityThreshold(data, 0.95) ?? 0)).toMatchObject({ tp: 3, fp: 1 });
  });
  it('a fixed specificity is reached with the lowest threshold that does', () => {
    expect(specificityThreshold(data, 0.95)).toBeCloseTo(0.45, 12);
    expect(operatingPoint(data, specificityThreshold(data, 0.6) ?? 0)).toMatchObject({ tn: 2, tp: 3 });
    const reversed = { labels: [1, 0], scores: [0, 1] };
    expect(operatingPoint(reversed, specificityThreshold(reversed, 1) ?? 0)).toMatchObject({ fp: 0, tp: 0 });
    expect(specificityThreshold({ labels: [0, 0], scores: [1, 2] }, 0.9)).toBeNull();
  });
  it("Wilson's intervals of Newcombe 1998, table I", () => {
    for (const [hits, trials, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const { ci } = proportion(hits, trials);
      expect(ci?.[0]).toBeCloseTo(low, 4);
      expect(ci?.[1]).toBeCloseTo(high, 4);
    }
  });
});

describe('p values', () => {
  it('of the normal distribution from the middle to the far tail', () => {
    for (const [z, p] of [
      [0, 1],
      [1.959963984540054, 0.05],
      [-1, 0.3173105078629141],
      [3.6, 3.182172e-4],
      [6, 1.973175290075391e-9],
      [10, 1.523970604832094e-23],
    ] as const) {
      expect(twoSidedP(z) / p).toBeCloseTo(1, 6);
    }
  });
});

describe('temperature', () => {
  it('undoes a known factor on well calibrated logits, unknown labels left out', () => {
    const next = uniformGenerator(5);
    const logits = Float64Array.from({ length: 20_000 }, () => 6 * next() - 3);
    const labels = Float64Array.from(logits, (z, i) => {
      if (i % 10 === 0) return NaN;
      return next() < 1 / (1 + Math.exp(-z)) ? 1 : 0;
    });
    const fit = fitTemperature(
      logits.map((z) => z * 2.5),
      labels,
    );
    expect(fit?.temperature).toBeCloseTo(2.5, 0);
    expect(Math.abs((fit?.temperature ?? 0) / 2.5 - 1)).toBeLessThan(0.05);
    expect(fit?.after).toBeLessThan(fit?.before ?? 0);
    expect(fit?.known).toBe(18_000);
  });
  it('takes probabilities back to logits, with an end at 0 and 1, and scales without changing the order', () => {
    for (const z of [-12, -3, 0, 0.5, 9]) expect(logitOf(1 / (1 + Math.exp(-z)))).toBeCloseTo(z, 9);
    expect(logitOf(0)).toBeCloseTo(-16.118, 3);
    expect(logitOf(1)).toBeCloseTo(16.118, 3);
    expect(scaledProbability(0.8, 1)).toBeCloseTo(0.8, 12);
    expect(scaledProbability(0.5, 3)).toBe(0.5);
    expect(scaledProbability(0.8, 2)).toBeCloseTo(2 / 3, 12);
    const scores = uniform(4, 200);
    const labels = Array.from(uniform(5, 200), (u, i) => (u < (scores[i] ?? 0) ? 1 : 0));
    const scaled = scores.map((score) => scaledProbability(score, 1.7));
    expect(auroc({ labels, scores: scaled })).toBe(auroc({ labels, scores }));
  });
  it('is undefined with one class, refuses what is not finite', () => {
    expect(fitTemperature([1, 2], [1, 1])).toBeNull();
    expect(() => fitTemperature([NaN, 2], [1, 0])).toThrow(MetricsError);
    expect(fitTemperature([NaN, 2, -1], [NaN, 1, 0])).not.toBeNull();
  });
});
