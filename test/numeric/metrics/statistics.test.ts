/** @file DeLong against its definition, curves, operating points, temperature, Holm, and the paired bootstrap. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { auroc, delong, delongDifference } from '../../../main/numeric/metrics/auroc.ts';
import { MetricsError } from '../../../main/numeric/metrics/binary-scores.ts';
import { bootstrapByPatient } from '../../../main/numeric/metrics/bootstrap.ts';
import { precisionRecallCurve, rocCurve, thinCurve } from '../../../main/numeric/metrics/curves.ts';
import { macroAuroc } from '../../../main/numeric/metrics/macro.ts';
import { holmAdjusted } from '../../../main/numeric/metrics/multiple-tests.ts';
import { proportion, twoSidedP } from '../../../main/numeric/metrics/normal-distribution.ts';
import {
  operatingPoint,
  sensitivityThreshold,
  youdenThreshold,
} from '../../../main/numeric/metrics/operating-point.ts';
import {
  bootstrapDifference,
  bootstrapInterval,
  pairedBootstrap,
  type Labels,
} from '../../../main/numeric/metrics/paired-bootstrap.ts';
import { fitTemperature } from '../../../main/numeric/metrics/temperature.ts';
import { uniformGenerator } from '../../../main/numeric/vit/init.ts';
import { uniform } from '../reference.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/numeric/${name}`, import.meta.url), 'utf8'));

type Marker = 'grade' | 'protein' | 'enzyme';
const MARKERS = ['grade', 'protein', 'enzyme'] as const;
const drawn = read('delong.json') as Readonly<Record<Marker | 'outcome', number[]>> & {
  readonly expected: {
    readonly variance: Readonly<Record<Marker, number>>;
    readonly auroc: Readonly<Record<Marker, number>>;
    readonly ci: Readonly<Record<Marker, readonly [number, number]>>;
    readonly test: readonly (readonly [Marker, Marker, number, number])[];
  };
};

describe('DeLong on drawn markers, with ties', () => {
  it.each(MARKERS)('AUROC, variance and interval of %s', (marker) => {
    const { expected } = drawn;
    const result = delong({ labels: drawn.outcome, scores: drawn[marker] });
    expect(auroc({ labels: drawn.outcome, scores: drawn[marker] })).toBeCloseTo(expected.auroc[marker], 12);
    expect(Math.abs((result?.variance ?? NaN) - expected.variance[marker])).toBeLessThan(1e-12);
    const [low = NaN, high = NaN] = result?.ci ?? [];
    expect(low).toBeCloseTo(expected.ci[marker][0], 10);
    expect(high).toBeCloseTo(expected.ci[marker][1], 10);
  });
  it.each(drawn.expected.test)('%s against %s', (a, b, z, p) => {
    const difference = delongDifference(drawn.outcome, drawn[a], drawn[b]);
    expect(difference?.z).toBeCloseTo(z, 8);
    expect(difference?.p).toBeCloseTo(p, 10);
  });
  it('a marker against itself: z 0, p 1; no variance but a difference: undefined', () => {
    expect(delongDifference(drawn.outcome, drawn.grade, drawn.grade)).toMatchObject({
      difference: 0,
      z: 0,
      p: 1,
    });
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
    expect(fitTemperature(one.scores, one.labels)?.temperature).toBeCloseTo(one.temperature, 3);
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
  it("Holm as R's p.adjust, undefined tests left out", () => {
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holmAdjusted([0.6, null, 0.7])).toEqual([1, null, 1]);
    expect(() => holmAdjusted([1.2])).toThrow(MetricsError);
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
  it('is undefined with one class, refuses what is not finite', () => {
    expect(fitTemperature([1, 2], [1, 1])).toBeNull();
    expect(() => fitTemperature([NaN, 2], [1, 0])).toThrow(MetricsError);
    expect(fitTemperature([NaN, 2, -1], [NaN, 1, 0])).not.toBeNull();
  });
});

describe('paired bootstrap', () => {
  const films = 120;
  const patients = Array.from({ length: films }, (_, i) => `p${i % 50}`);
  const labels: Labels = [0, 1, 2].map((finding) =>
    Array.from(uniform(10 + finding, films), (u, i) => {
      if (finding === 1 && i % 9 === 0) return null;
      return u < (finding === 2 ? 0.02 : 0.4) ? 1 : 0;
    }),
  );
  const system = (seed: number, skill: number) =>
    labels.map((column, finding) =>
      Float64Array.from(uniform(seed + finding, films), (u, i) =>
        Math.round(10 * (u + skill * (column[i] ?? 0))),
      ),
    );
  const strong = system(100, 0.8);
  const weak = system(200, 0.1);

  it('gives what drawing films one by one gives, ties and unknown labels included', () => {
    const fast = pairedBootstrap(labels, [strong, weak], patients, { resamples: 200, seed: 7 });
    for (const [index, scores] of [strong, weak].entries()) {
      const slow = bootstrapByPatient(patients, (drawn) => macroAuroc(labels, scores, drawn).value, {
        resamples: 200,
        seed: 7,
      });
      const interval = bootstrapInterval(fast.values[index] ?? new Float64Array());
      expect(interval.defined).toBe(slow.defined);
      expect(interval.ci?.[0]).toBeCloseTo(slow.ci?.[0] ?? NaN, 12);
      expect(interval.ci?.[1]).toBeCloseTo(slow.ci?.[1] ?? NaN, 12);
    }
  });
  it('tells a strong from a weak system, and a system not from itself', () => {
    const { values } = pairedBootstrap(labels, [strong, weak], patients, { resamples: 1000, seed: 7 });
    const [a, b] = values as [Float64Array, Float64Array];
    const difference = bootstrapDifference(a, b);
    expect(difference.ci?.[0]).toBeGreaterThan(0);
    expect(difference.p).toBeLessThan(0.05);
    expect(bootstrapDifference(a, a)).toMatchObject({ ci: [0, 0], p: 1 });
    expect(bootstrapDifference(b, a).p).toBe(difference.p);
  });
  it('an absent class everywhere is undefined', () => {
    const all = labels.map((column) => column.map(() => 1 as const));
    const { values } = pairedBootstrap(all, [strong], patients, { resamples: 20 });
    expect(bootstrapInterval(values[0] ?? new Float64Array(1))).toEqual({
      ci: null,
      defined: 0,
      resamples: 20,
    });
  });
  it('refuses scores that are not finite', () => {
    const broken = strong.map((column) => column.map(() => NaN));
    expect(() => pairedBootstrap(labels, [broken], patients)).toThrow(MetricsError);
  });
  it('95 % intervals hold the true AUROC in 93–97 % of 600 simulated studies', () => {
    // Scores uniform on [0, 1] and [d, 1 + d]: AUROC = 1 − (1 − d)²/2.
    const shift = 0.4;
    const truth = 1 - (1 - shift) ** 2 / 2;
    const next = uniformGenerator(11);
    const names = Array.from({ length: 150 }, (_, i) => `p${i}`);
    let covered = 0;
    for (let study = 0; study < 600; study += 1) {
      const column = names.map((_, i): 0 | 1 => (i % 2 === 0 ? 1 : 0));
      const scores = Float64Array.from(column, (label) => next() + shift * label);
      const { values } = pairedBootstrap([column], [[scores]], names, { resamples: 400, seed: study });
      const [low = NaN, high = NaN] = bootstrapInterval(values[0] ?? new Float64Array()).ci ?? [];
      if (low <= truth && truth <= high) covered += 1;
    }
    expect(covered / 600).toBeGreaterThanOrEqual(0.93);
    expect(covered / 600).toBeLessThanOrEqual(0.97);
  });
});
