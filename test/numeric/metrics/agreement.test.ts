/** @file Agreement against statsmodels (agreement-golden.py), published tables, and boxes that can be counted by hand. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { boxAgreement, boxIou, matchBoxes } from '../../../main/numeric/metrics/agreement-boxes.ts';
import { exactMcNemar, readerChange } from '../../../main/numeric/metrics/agreement-change.ts';
import { cohenKappa, fleissKappa, type KappaWeights } from '../../../main/numeric/metrics/agreement.ts';

interface Golden {
  readonly cohen: readonly {
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly categories: number;
    readonly weights: KappaWeights;
    readonly kappa: number;
    readonly se: number;
  }[];
  readonly fleiss: readonly {
    readonly answers: readonly (readonly number[])[];
    readonly categories: number;
    readonly kappa: number;
    readonly jackknifeSe: number;
  }[];
  readonly changes: readonly { readonly better: number; readonly worse: number; readonly p: number }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/numeric/agreement.json', import.meta.url), 'utf8'),
) as Golden;

describe("Cohen's kappa", () => {
  it('and its standard error are those of statsmodels, plain and weighted', () => {
    expect(golden.cohen).toHaveLength(15);
    for (const { a, b, categories, weights, kappa, se } of golden.cohen) {
      const found = cohenKappa(a, b, categories, weights);
      expect(found.films).toBe(a.length);
      expect(found.kappa).toBeCloseTo(kappa, 12);
      expect(found.se).toBeCloseTo(se, 12);
      expect(found.ci?.[0]).toBeCloseTo(Math.max(-1, kappa - 1.959963984540054 * se), 12);
      expect(found.ci?.[1]).toBeCloseTo(Math.min(1, kappa + 1.959963984540054 * se), 12);
    }
  });

  it('is undefined when only one answer was ever given, and without films', () => {
    expect(cohenKappa([0, 0, 0], [0, 0, 0], 2)).toMatchObject({
      films: 3,
      observed: 1,
      kappa: null,
      ci: null,
    });
    expect(cohenKappa([], [], 2)).toMatchObject({ films: 0, observed: null, kappa: null });
  });

  it('claims no interval for full agreement', () => {
    expect(cohenKappa([0, 1, 1], [0, 1, 1], 2)).toMatchObject({ kappa: 1, se: 0, ci: null });
  });

  it('refuses answers that are none', () => {
    expect(() => cohenKappa([0, 1], [0], 2)).toThrow('same films');
    expect(() => cohenKappa([0, 2], [0, 1], 2)).toThrow('from 0 to 1');
    expect(() => cohenKappa([0], [0], 1)).toThrow('at least two');
  });
});

describe("Fleiss' kappa", () => {
  it('is that of statsmodels, its standard error near the jackknife', () => {
    for (const { answers, categories, kappa, jackknifeSe } of golden.fleiss) {
      const found = fleissKappa(answers, categories);
      expect(found.kappa).toBeCloseTo(kappa, 12);
      expect(Math.abs((found.se ?? 0) / jackknifeSe - 1)).toBeLessThan(0.02);
    }
  });

  it('leaves out films with fewer than two readers', () => {
    const answers = golden.fleiss[0]?.answers ?? [];
    const more = [...answers, [1], [], [0]];
    expect(fleissKappa(more, 2)).toEqual(fleissKappa(answers, 2));
    expect(fleissKappa([[1], [0]], 2)).toMatchObject({ films: 0, kappa: null });
    expect(fleissKappa([[1, 1]], 2).kappa).toBeNull();
  });

  it('takes films with different numbers of readers', () => {
    // By hand: agreement 1, 1/3, 1; shares of "1": 1, 2/3, 0, so the rate is 5/9.
    const { observed, expected } = fleissKappa(
      [
        [1, 1],
        [1, 1, 0],
        [0, 0],
      ],
      2,
    );
    expect(observed).toBeCloseTo(7 / 9, 12);
    expect(expected).toBeCloseTo((5 / 9) ** 2 + (4 / 9) ** 2, 12);
  });
});

describe('box agreement', () => {
  const box = (x: number, y: number, width = 10, height = 10) => ({ x, y, width, height });

  it('measures overlap', () => {
    expect(boxIou(box(0, 0), box(5, 0))).toBeCloseTo(1 / 3, 12);
    expect(boxIou(box(0, 0), box(0, 0))).toBe(1);
    expect(boxIou(box(0, 0), box(10, 0))).toBe(0);
    expect(boxIou(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
  });

  it('pairs the best overlap first and each box once', () => {
    const match = matchBoxes([box(0, 0), box(2, 0)], [box(2, 0), box(100, 100)]);
    expect(match).toEqual({ pairs: [{ a: 1, b: 0, iou: 1 }], onlyA: 1, onlyB: 1 });
    expect(matchBoxes([box(0, 0)], [box(5, 0)], 0.5).pairs).toHaveLength(0);
    expect(matchBoxes([box(0, 0)], [box(5, 0)], 0.3).pairs).toHaveLength(1);
    expect(() => matchBoxes([], [], 0)).toThrow('overlap');
  });

  it('adds films up', () => {
    const match = matchBoxes([box(0, 0), box(50, 0)], [box(0, 0)]);
    const found = boxAgreement([match, matchBoxes([], []), matchBoxes([], [box(1, 1)])]);
    expect(found).toMatchObject({ paired: 1, onlyA: 1, onlyB: 1, meanIou: 1 });
    expect(found.shared.value).toBeCloseTo(1 / 3, 12);
    expect(boxAgreement([])).toMatchObject({ paired: 0, meanIou: null, shared: { value: null, ci: null } });
  });
});

describe('a reader with and without the model', () => {
  it("tests changes as statsmodels' exact McNemar does", () => {
    for (const { better, worse, p } of golden.changes) expect(exactMcNemar(better, worse)).toBeCloseTo(p, 10);
    expect(exactMcNemar(0, 0)).toBe(1);
  });

  it('counts what got better and worse', () => {
    const found = readerChange([0, 0, 1, 1], [1, 0, 0, 0], [1, 1, 0, 1]);
    expect(found).toMatchObject({ films: 4, better: 2, worse: 1, p: 1 });
    expect(found.before.sensitivity.value).toBeCloseTo(1 / 3, 12);
    expect(found.after.specificity.value).toBe(1);
    expect(() => readerChange([0], [0, 1], [1])).toThrow('same films');
    expect(() => readerChange([2], [0], [1])).toThrow('0 or 1');
  });
});
