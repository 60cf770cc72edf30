/** @file Test films worth opening: where a run was best, worst, or furthest from its teacher. */
import type { z } from 'zod';

import type { caseRow } from '../../../shared/contract/evaluation.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { RunRow } from '../../store/runs.ts';
import type { PartScores } from './part-scores.ts';

/** A film of the part with its score; `gap` is what the list is ordered by. */
export type Case = Omit<z.infer<typeof caseRow>, 'name'>;

function label(part: PartScores, film: number): boolean | null {
  const value = part.abnormal.labels[film] ?? null;
  return value === null ? null : value === 1;
}

/** Films with a known normal/abnormal label by |label − score|, smallest first. */
export function casesByError(part: PartScores): readonly Case[] {
  return part.filmIds
    .flatMap((filmId, film) => {
      const abnormal = label(part, film);
      const t2 = part.abnormal.scores[film] ?? Number.NaN;
      return abnormal === null ? [] : [{ filmId, abnormal, t2, gap: Math.abs(Number(abnormal) - t2) }];
    })
    .sort((a, b) => a.gap - b.gap || order(a.filmId, b.filmId));
}

/** Films that both runs scored by |teacher − student|, largest first. */
export function casesByDisagreement(student: PartScores, teacher: PartScores): readonly Case[] {
  const scores = new Map(
    teacher.filmIds.map((filmId, film) => [filmId, teacher.abnormal.scores[film] ?? Number.NaN]),
  );
  return student.filmIds
    .flatMap((filmId, film) => {
      const t2 = student.abnormal.scores[film] ?? Number.NaN;
      const other = scores.get(filmId);
      return other === undefined
        ? []
        : [{ filmId, abnormal: label(student, film), t2, gap: Math.abs(other - t2) }];
    })
    .sort((a, b) => b.gap - a.gap || order(a.filmId, b.filmId));
}

const order = (a: FilmId, b: FilmId): number => (a < b ? -1 : Number(a > b));

/** Whom a run is held against: its own teacher, else the newest other teacher of the same split. */
export function teacherOf(run: RunRow, runs: readonly RunRow[]): RunRow | null {
  const finished = runs.filter(({ state, id }) => state === 'finished' && id !== run.id);
  if (run.teacherRunId !== null) return finished.find(({ id }) => id === run.teacherRunId) ?? null;
  return (
    finished.filter(({ config }) => config.method === 'teacher' && config.splitId === run.splitId).at(-1) ??
    null
  );
}
