/** @file The patient bootstrap: against drawing films one by one, its coverage, its test's size, its unit. */
import { describe, expect, it } from 'vitest';

import { MetricsError } from '../../../main/numeric/metrics/binary-scores.ts';
import { bootstrapByPatient } from '../../../main/numeric/metrics/bootstrap.ts';
import type { BinaryTask } from '../../../main/numeric/metrics/counted-auroc.ts';
import { macroAuroc } from '../../../main/numeric/metrics/macro.ts';
import {
  bootstrapDifference,
  bootstrapInterval,
  macroReplicates,
} from '../../../main/numeric/metrics/paired-bootstrap.ts';
import { uniformGenerator } from '../../../main/numeric/vit/init.ts';
import { uniform } from '../reference.ts';

const films = 120;
const patients = Array.from({ length: films }, (_, i) => `p${i % 50}`);
const labels: readonly (0 | 1 | null)[][] = [0, 1, 2].map((finding) =>
  Array.from(uniform(10 + finding, films), (u, i) => {
    if (finding === 1 && i % 9 === 0) return null;
    return u < (finding === 2 ? 0.02 : 0.4) ? 1 : 0;
  }),
);

function system(seed: number, skill: number, steps: number): BinaryTask[] {
  return labels.map((column, finding) => ({
    labels: column,
    scores: Float64Array.from(uniform(seed + finding, films), (u, i) =>
      Math.round(steps * (u + skill * (column[i] ?? 0))),
    ),
  }));
}
const strong = system(100, 0.8, 10);
const weak = system(200, 0.1, 10);

const only = (values: readonly Float64Array[]): Float64Array => values[0] ?? new Float64Array();

describe('replicates', () => {
  it.each([
    ['many', 10],
    ['some', 60],
    ['no', 1e9],
  ])('are those of drawing films one by one, with %s ties and unknown labels', (_, steps) => {
    const systems = [system(100, 0.8, steps), system(200, 0.1, steps)];
    const fast = macroReplicates(systems, patients, { resamples: 200, seed: 7 });
    for (const [index, tasks] of systems.entries()) {
      const slow: number[] = [];
      bootstrapByPatient(
        patients,
        (drawn) => {
          const { value } = macroAuroc(
            labels,
            tasks.map(({ scores }) => scores),
            drawn,
          );
          slow.push(value ?? Number.NaN);
          return value;
        },
        { resamples: 200, seed: 7 },
      );
      expect(fast[index]).toHaveLength(200);
      fast[index]?.forEach((value, replicate) => {
        expect(value).toBeCloseTo(slow[replicate] ?? Number.NaN, 12);
      });
    }
  });
  it('of systems computed one after the other are those computed together: differences stay paired', () => {
    const together = macroReplicates([strong, weak], patients, { resamples: 50, seed: 3 });
    const apart = [strong, weak].map((tasks) =>
      only(macroReplicates([tasks], patients, { resamples: 50, seed: 3 })),
    );
    expect(apart).toEqual(together);
  });
  it('are undefined where a class is absent everywhere', () => {
    const all = strong.map(({ labels: column, scores }) => ({
      labels: column.map(() => 1 as const),
      scores,
    }));
    const values = only(macroReplicates([all], patients, { resamples: 20 }));
    expect(bootstrapInterval(values)).toEqual({ ci: null, defined: 0, resamples: 20 });
  });
  it('refuse scores that are not finite', () => {
    const broken = strong.map((task) => ({ ...task, scores: task.labels.map(() => NaN) }));
    expect(() => macroReplicates([broken], patients)).toThrow(MetricsError);
  });
});

describe('a paired difference', () => {
  it('tells a strong from a weak system, and a system not from itself', () => {
    const [a, b] = macroReplicates([strong, weak], patients, { resamples: 1000, seed: 7 }) as [
      Float64Array,
      Float64Array,
    ];
    const difference = bootstrapDifference(a, b);
    expect(difference.ci?.[0]).toBeGreaterThan(0);
    expect(difference.p).toBeLessThan(0.05);
    expect(bootstrapDifference(a, a)).toMatchObject({ ci: [0, 0], p: 1 });
    expect(bootstrapDifference(b, a).p).toBe(difference.p);
  });
  it('has p < .05 in about 5 % of 400 studies of two equally good systems', () => {
    const next = uniformGenerator(29);
    const names = Array.from({ length: 150 }, (_, i) => `p${i}`);
    const column = names.map((_, i): 0 | 1 => (i % 2 === 0 ? 1 : 0));
    let found = 0;
    for (let study = 0; study < 400; study += 1) {
      const shared = Float64Array.from(column, (label) => next() + 0.4 * label);
      const drawn = () => [{ labels: column, scores: shared.map((score) => score + 0.5 * next()) }];
      const [a, b] = macroReplicates([drawn(), drawn()], names, { resamples: 400, seed: study });
      const { p } = bootstrapDifference(a ?? new Float64Array(), b ?? new Float64Array());
      if ((p ?? 1) < 0.05) found += 1;
    }
    expect(found / 400).toBeGreaterThan(0.025);
    expect(found / 400).toBeLessThan(0.08);
  });
});

describe('coverage of 95 % intervals in 600 simulated studies', () => {
  // Scores uniform on [0, 1] and [d, 1 + d]: AUROC = 1 − (1 − d)²/2.
  const shift = 0.4;
  const truth = 1 - (1 - shift) ** 2 / 2;

  /** Share of studies whose interval holds the true AUROC; `each` films of a patient look alike. */
  function coverage(each: number, unitOf: (patient: number, film: number) => string): number {
    const next = uniformGenerator(11);
    const people = 150;
    const names = Array.from({ length: people * each }, (_, film) => unitOf(Math.floor(film / each), film));
    let covered = 0;
    for (let study = 0; study < 600; study += 1) {
      const scored = Array.from({ length: people }, (_, patient) => {
        const label: 0 | 1 = patient % 2 === 0 ? 1 : 0;
        return { label, score: next() + shift * label };
      });
      const shown = scored.flatMap((patient) => Array.from({ length: each }, () => patient));
      const task = { labels: shown.map(({ label }) => label), scores: shown.map(({ score }) => score) };
      const values = only(macroReplicates([[task]], names, { resamples: 400, seed: study }));
      const [low = NaN, high = NaN] = bootstrapInterval(values).ci ?? [];
      if (low <= truth && truth <= high) covered += 1;
    }
    return covered / 600;
  }

  it('is 93–97 % with one film a patient', () => {
    const share = coverage(1, (patient) => `p${patient}`);
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });
  it('is 93–97 % with three films a patient, and far less if films were drawn instead of patients', () => {
    const share = coverage(3, (patient) => `p${patient}`);
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
    expect(coverage(3, (_, film) => `f${film}`)).toBeLessThan(0.85);
  });
});

describe('shuffled labels', () => {
  it('leave an AUROC of .50 ± .03 on each of 20 seeds', () => {
    const size = 4000;
    const areas = Array.from({ length: 20 }, (_, seed) => {
      const next = uniformGenerator(1000 + seed);
      const truth = Array.from({ length: size }, (): 0 | 1 => (next() < 0.3 ? 1 : 0));
      const scores = truth.map((label) => next() + 0.8 * label);
      const shuffled = [...truth];
      for (let i = size - 1; i > 0; i -= 1) {
        const j = Math.floor(next() * (i + 1));
        [shuffled[i], shuffled[j]] = [shuffled[j] ?? 0, shuffled[i] ?? 0];
      }
      expect(macroAuroc([truth], [scores]).value).toBeGreaterThan(0.9);
      return macroAuroc([shuffled], [scores]).value ?? Number.NaN;
    });
    for (const area of areas) expect(Math.abs(area - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(areas.reduce((sum, area) => sum + area, 0) / areas.length - 0.5)).toBeLessThan(0.01);
  });
});
