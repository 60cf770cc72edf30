/** @file Search and filter: the right rows, in order, and by way of indexes. */
import Database from 'better-sqlite3';
import { join } from 'node:path';

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { filmSql } from '../../main/store/film-query.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { filmQuery, type FilmQuery } from '../../shared/contract/library.ts';
import type { SplitId } from '../../shared/domain/ids.ts';
import { addFilms, hex, type SyntheticFilm } from '../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const FINDINGS = ['Edema', 'Atelectasis', 'Hernia'];

function film(index: number): SyntheticFilm {
  return {
    patient: Math.floor(index / 3),
    name: `${index % 2 === 0 ? 'Chest' : 'chest'}_${(index * 7919) % 1000}%${index}.dcm`,
    view: [null, 'PA', 'AP'][index % 3] ?? null,
    source: index % 5 === 0 ? null : `site ${index % 4}`,
    abnormal: [true, false, null][index % 3] ?? null,
    labels: Object.fromEntries(
      FINDINGS.flatMap((name, at) => (index % (at + 4) === 0 ? [] : [[name, index % (at + 2) === 0]])),
    ),
  };
}

const films = Array.from({ length: 600 }, (_, index) => film(index));

describe('search', () => {
  let store: Store;
  const splitId = 'split-00000001' as SplitId;

  beforeAll(() => {
    store = openStore(':memory:', { clock: testClock() });
    addFilms(store, films);
    const candidates = store.splits.candidates();
    const members = new Map(
      candidates.map(({ patientNo }) => [patientNo, patientNo % 4 === 0 ? 'test' : 'train'] as const),
    );
    store.transaction(() =>
      store.splits.insert(
        { id: splitId, name: 's', seed: 1, createdAt: 1, request: {}, warnings: [] },
        members,
        candidates,
      ),
    );
    return () => store.close();
  });

  const queries = fc
    .record({
      text: fc.constantFrom('', 'chest', 'CHEST_1', '%3', '_5', 'P-00000', 'nothing'),
      finding: fc.constantFrom(null, ...FINDINGS, 'No such finding'),
      abnormal: fc.constantFrom('any', 'abnormal', 'normal', 'unknown'),
      view: fc.constantFrom(null, 'PA', 'AP', 'unknown'),
      source: fc.constantFrom(null, 'site 1', 'unknown'),
      part: fc.constantFrom(null, 'train', 'test', 'validation'),
      sort: fc.constantFrom('name', 'patient', 'imported'),
      descending: fc.boolean(),
      offset: fc.nat(40),
      limit: fc.integer({ min: 1, max: 60 }),
    })
    .map((input) => filmQuery.parse(input));

  it('finds what a plain look through all rows finds', () => {
    const partOf = new Map(
      store.splits.dataset(splitId, []).map(({ filmId, part }) => [filmId as string, part]),
    );
    const known = films.map((row, index) => ({ ...row, id: `film-${hex(index, 32)}`, index }));
    const fits = (query: FilmQuery, row: (typeof known)[number]): boolean => {
      const short = /^p-([0-9a-f]{1,6})$/i.exec(query.text)?.[1];
      const byText =
        (row.name ?? '').toLowerCase().includes(query.text.toLowerCase()) ||
        (short !== undefined && hex(row.patient, 64).startsWith(short));
      const state = row.abnormal === null ? 'unknown' : row.abnormal === true ? 'abnormal' : 'normal';
      return (
        byText &&
        (query.finding === null || row.labels?.[query.finding] === true) &&
        (query.abnormal === 'any' || query.abnormal === state) &&
        (query.view === null || query.view === (row.view ?? 'unknown')) &&
        (query.source === null || query.source === (row.source ?? 'unknown')) &&
        (query.part === null || query.part === partOf.get(row.id))
      );
    };
    const inOrder = (
      sort: FilmQuery['sort'],
      a: (typeof known)[number],
      b: (typeof known)[number],
    ): number => {
      const [nameA, nameB] = [(a.name ?? '').toLowerCase(), (b.name ?? '').toLowerCase()];
      if (sort === 'name' && nameA !== nameB) return nameA < nameB ? -1 : 1;
      if (sort === 'patient' && a.patient !== b.patient) return a.patient - b.patient;
      return a.index - b.index; // films enter in the order of their index
    };
    fc.assert(
      fc.property(queries, (query) => {
        const expected = known
          .filter((row) => fits(query, row))
          .sort((a, b) => (query.descending ? -1 : 1) * inOrder(query.sort, a, b));
        const { total, rows } = store.filmQueries.search(query);
        expect(total).toBe(expected.length);
        expect(rows.map(({ id }) => id)).toEqual(
          expected.slice(query.offset, query.offset + query.limit).map(({ id }) => id),
        );
        for (const row of rows) expect(row.part).toBe(partOf.get(row.id));
      }),
      { numRuns: 150, examples: [[filmQuery.parse({ sort: 'name', descending: true, limit: 60 })]] },
    );
  });

  it('sorts by name without regard to letter case', () => {
    const names = store.filmQueries
      .search(filmQuery.parse({ limit: 500 }))
      .rows.map(({ name }) => name.toLowerCase());
    expect(names).toEqual([...names].sort());
  });

  it('names the positive findings of each row', () => {
    const { rows } = store.filmQueries.search(filmQuery.parse({ sort: 'imported', limit: 50 }));
    rows.forEach((row, index) => {
      const expected = Object.entries(film(index).labels ?? {}).flatMap(([name, value]) =>
        value ? [name] : [],
      );
      expect([...row.positives].sort()).toEqual(expected.sort());
    });
  });
});

describe.each([true, false])('query plans, tables analysed: %s', (analysed) => {
  it.each([
    [{ sort: 'name' }, /films_by_name/],
    [{ sort: 'patient' }, /films_by_patient/],
    [{ sort: 'imported', descending: true }, /films_by_imported/],
    [{ text: 'chest' }, /films_by_name/],
    [{ finding: 'Edema' }, /labels_by_finding/],
    [{ view: 'PA' }, /films_by_view|films_by_name/],
    [{ abnormal: 'unknown' }, /films_by_abnormal|films_by_name/],
    [{ source: 'site 1' }, /films_by_source|films_by_name/],
    [{ part: 'test' }, /split_films/],
    [{ part: 'test', finding: 'Edema', view: 'PA', abnormal: 'abnormal' }, /labels_by_finding/],
  ])('%j goes through an index', (input, index) => {
    const file = join(tempFolder(), 'library.db');
    const store = openStore(file, { clock: testClock() });
    addFilms(store, films);
    if (analysed) store.optimize();
    store.close();
    const db = new Database(file, { readonly: true });
    const sql = filmSql(filmQuery.parse(input), 'split-00000001' as SplitId);
    const plans = [sql.count, sql.page].map((text) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${text}`)
        .all({ ...sql.binding, limit: 100, offset: 0 })
        .map((row) => (row as { detail: string }).detail),
    );
    db.close();
    expect(plans.flat().join('\n')).toMatch(index);
    // Going through all films is allowed in an index alone (count, text), never row by row.
    for (const line of plans.flat()) {
      expect(line).not.toMatch(/^SCAN (f|films|labels|split_films)($| USING INDEX)/);
      // Two sets of films at once would be looked up pair by pair: a minute where there are thousands of each.
      expect(line).not.toMatch(/(no|rowid)=\? AND (no|rowid)=\?/);
    }
  });
});
