/** @file The golden evaluation (test/fixtures/make/evaluation-golden.py) as films, split and runs of a real library. */
import { readFileSync } from 'node:fs';

import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import type { Part } from '../../../shared/contract/base.ts';
import type { FilmId, RunId, SplitId } from '../../../shared/domain/ids.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { addRun, addSplit, type Score } from './scored-runs.ts';

export interface GoldenTask {
  readonly n: number;
  readonly positives: number;
  readonly auroc: number | null;
  readonly averagePrecision: number;
  readonly brier: number;
  readonly ece: number;
  readonly youden: number;
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
  /** Counts on test by the sensitivity that was asked of validation. */
  readonly sensitivity: Readonly<Record<'0.9' | '0.95', Pick<GoldenTask, 'tp' | 'fp' | 'tn' | 'fn'>>>;
}

export interface GoldenScaling {
  readonly temperature: number;
  /** Before and after. */
  readonly ece: readonly [number, number];
  readonly brier: readonly [number, number];
}

interface GoldenRun {
  readonly rows: readonly { readonly t1: number[]; readonly t2: number }[];
  readonly expected: Readonly<Record<string, GoldenTask>>;
  readonly macro: number;
  readonly temperature: Readonly<Record<'t1' | 't2', GoldenScaling>>;
}

export const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/numeric/evaluation.json', import.meta.url), 'utf8'),
) as {
  readonly findings: string[];
  readonly films: readonly {
    readonly part: 'validation' | 'test';
    readonly patient: number;
    readonly t1: readonly (0 | 1 | null)[];
    readonly abnormal: 0 | 1 | null;
  }[];
  readonly runs: { readonly none: GoldenRun; readonly mlcak: GoldenRun };
  /** 95 % intervals by another implementation and other draws. */
  readonly bootstrap: Readonly<Record<string, [number, number]>>;
  /** MLCAK minus none, by finding; findings without both classes are left out. */
  readonly differences: Readonly<
    Record<
      string,
      { readonly value: number; readonly ci: [number, number]; readonly p: number; readonly holm: number }
    >
  >;
};

const truth = (value: 0 | 1 | null): boolean | null => (value === null ? null : value === 1);

export interface GoldenLibrary {
  readonly splitId: SplitId;
  /** Adds a run with the golden scores of `which`, changed by `changes`. */
  readonly add: (which: 'none' | 'mlcak', changes?: Partial<Parameters<typeof addRun>[1]>) => RunId;
}

export function goldenLibrary(library: OpenLibrary): GoldenLibrary {
  const { findings, films } = golden;
  const ids = addFilms(
    library.store,
    films.map(({ part, patient, t1, abnormal }) => ({
      patient: patient + (part === 'test' ? 1000 : 0),
      abnormal: truth(abnormal),
      labels: Object.fromEntries(
        findings.flatMap((finding, index) => {
          const value = truth(t1[index] ?? null);
          return value === null ? [] : [[finding, value]];
        }),
      ),
    })),
  );
  const partOf = new Map<FilmId, Part>(ids.map((id, index) => [id, films[index]?.part ?? 'train']));
  const splitId = addSplit(library, ({ id }) => partOf.get(id) ?? 'train');
  const scores = (which: 'none' | 'mlcak') =>
    ids.map((filmId, index): Score => {
      const part = films[index]?.part ?? 'test';
      const { t1, t2 } = golden.runs[which].rows[index] ?? { t1: [], t2: Number.NaN };
      return { filmId, part, t1, t2 };
    });
  return {
    splitId,
    add: (which, changes = {}) =>
      addRun(library, { method: which, resolution: 28, splitId, findings, ...changes }, scores(which)),
  };
}
