/** @file Which films stand beside the one that is read: earlier films of the same patient before later ones. */
import type { PatientFilm } from '../../../../shared/contract/library.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';

export const LAYOUTS = [1, 2, 4] as const;
/** Viewports. */
export type Layout = (typeof LAYOUTS)[number];

export type Relation = 'earlier' | 'same day' | 'later' | 'other';

/** How a film lies in time to the one that is read; `other` where one of them has no date. */
export function relationOf(film: PatientFilm, current: PatientFilm | undefined): Relation {
  const [a, b] = [film.studyDate, current?.studyDate ?? null];
  if (a === null || b === null) return 'other';
  return a < b ? 'earlier' : a > b ? 'later' : 'same day';
}

const RANK: Readonly<Record<Relation, number>> = { earlier: 0, 'same day': 1, other: 2, later: 3 };

/**
 * The other films of the patient as they are of use beside the current one: the same view first, then earlier ones, the
 * newest of them first.
 */
export function besideOrder(films: readonly PatientFilm[], currentId: FilmId): readonly PatientFilm[] {
  const current = films.find(({ id }) => id === currentId);
  const rank = (film: PatientFilm): number =>
    RANK[relationOf(film, current)] + (film.view === current?.view ? 0 : 10);
  const newest = (a: PatientFilm, b: PatientFilm): number =>
    (b.studyDate ?? '').localeCompare(a.studyDate ?? '') || a.name.localeCompare(b.name);
  return films.filter(({ id }) => id !== currentId).sort((a, b) => rank(a) - rank(b) || newest(a, b));
}

const WORDS: Readonly<Record<Relation, string>> = {
  earlier: 'Earlier film',
  'same day': 'Film of the same day',
  later: 'Later film',
  other: 'Other film',
};

/** `Earlier film · 2021-03-05 · PA`; without the date for a masked identity. */
export function filmWords(film: PatientFilm, current: PatientFilm | undefined, masked: boolean): string {
  return [WORDS[relationOf(film, current)], masked ? null : film.studyDate, film.view]
    .filter((part) => part !== null)
    .join(' · ');
}
