/** @file Which films of a patient come first beside the one that is read, and what they are called. */
import { expect, it } from 'vitest';

import { besideOrder, filmWords, relationOf } from '../../renderer/src/features/reading-room/panes.ts';
import type { PatientFilm } from '../../shared/contract/library.ts';
import type { FilmId } from '../../shared/domain/ids.ts';

const film = (name: string, studyDate: string | null, view: string | null): PatientFilm => ({
  id: `film-${name}` as FilmId,
  name,
  studyDate,
  view,
});
const CURRENT = film('now', '2024-03-05', 'PA');
const FILMS = [
  film('lateral', '2024-03-05', 'LL'),
  film('old', '2019-09-30', 'PA'),
  CURRENT,
  film('next', '2025-01-01', 'PA'),
  film('recent', '2023-12-01', 'PA'),
  film('undated', null, 'PA'),
  film('old-lateral', '2020-01-01', 'LL'),
];

it('the newest earlier film of the same view comes first, later and other views last', () => {
  expect(besideOrder(FILMS, CURRENT.id).map(({ name }) => name)).toEqual([
    'recent',
    'old',
    'undated',
    'next',
    'old-lateral',
    'lateral',
  ]);
  expect(besideOrder([CURRENT], CURRENT.id)).toEqual([]);
});

it('says how a film lies in time, and no date of a masked identity', () => {
  expect(FILMS.map((one) => relationOf(one, CURRENT))).toEqual([
    'same day',
    'earlier',
    'same day',
    'later',
    'earlier',
    'other',
    'earlier',
  ]);
  const [, old] = FILMS;
  if (old === undefined) throw new Error('a film is needed');
  expect(filmWords(old, CURRENT, false)).toBe('Earlier film · 2019-09-30 · PA');
  expect(filmWords(old, CURRENT, true)).toBe('Earlier film · PA');
});
