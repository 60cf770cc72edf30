/** @file What SQL itself keeps: a patient in one part, films with their patient, artifacts before films, pixels for good. */
import Database from 'better-sqlite3';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { openStore } from '../../main/store/store.ts';
import type { SplitId } from '../../shared/domain/ids.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const SPLIT = 'split-00000001' as SplitId;

function withSplit(): Database.Database {
  const file = join(tempFolder(), 'library.db');
  const store = openStore(file, { clock: testClock() });
  addFilms(store, [{ patient: 1 }, { patient: 1 }, { patient: 2 }]);
  const films = store.splits.candidates();
  const [first, , third] = films;
  const members = new Map([
    [first?.patientNo ?? 0, 'train'],
    [third?.patientNo ?? 0, 'test'],
  ] as const);
  store.transaction(() =>
    store.splits.insert(
      { id: SPLIT, name: 's', seed: 1, createdAt: 1, request: {}, warnings: [] },
      members,
      films,
    ),
  );
  expect(store.splits.sharedPatients(SPLIT)).toBe(0);
  store.close();
  const db = new Database(file);
  db.pragma('foreign_keys = ON');
  return db;
}

it('a patient cannot be in two parts of a split', () => {
  const db = withSplit();
  expect(() => db.exec(`INSERT INTO split_members VALUES ('${SPLIT}', 1, 'test')`)).toThrow(/UNIQUE/);
  db.close();
});

it('a film cannot be in another part than its patient', () => {
  const db = withSplit();
  expect(() => db.exec(`UPDATE split_films SET part = 'test' WHERE film_no = 1`)).toThrow(/FOREIGN KEY/);
  db.close();
});

it('a film in a split keeps its patient', () => {
  const db = withSplit();
  expect(() => db.exec('UPDATE films SET patient_no = 2 WHERE no = 1')).toThrow(/keeps its patient/);
  db.close();
});

it('a film cannot point at an artifact that has no row, nor change its pixels', () => {
  const db = withSplit();
  const other = 'f'.repeat(64);
  expect(() => db.exec(`UPDATE films SET model_sha256 = '${other}' WHERE no = 1`)).toThrow(/FOREIGN KEY/);
  expect(() => db.exec(`UPDATE films SET pixel_sha256 = '${other}' WHERE no = 1`)).toThrow(/never change/);
  db.close();
});

it('counts patients that stand in two parts, should rows ever say so', () => {
  const file = join(tempFolder(), 'library.db');
  const store = openStore(file, { clock: testClock() });
  addFilms(store, [{ patient: 1 }, { patient: 2 }, { patient: 3 }]);
  const films = store.splits.candidates();
  const members = new Map(
    films.map(({ patientNo }, index) => [patientNo, index === 0 ? 'train' : 'test'] as const),
  );
  store.transaction(() =>
    store.splits.insert(
      { id: SPLIT, name: 's', seed: 1, createdAt: 1, request: {}, warnings: [] },
      members,
      films,
    ),
  );
  store.close();
  const db = new Database(file);
  db.exec('DROP TRIGGER films_in_a_split_keep_their_patient; UPDATE films SET patient_no = 1 WHERE no = 2');
  db.close();
  const after = openStore(file, { clock: testClock() });
  expect(after.splits.sharedPatients(SPLIT)).toBe(1);
  after.close();
});

it('gives the films of a split with labels in the asked order and null for unknown', () => {
  const store = openStore(':memory:', { clock: testClock() });
  addFilms(store, [
    { patient: 1, abnormal: true, labels: { Edema: true, Hernia: false } },
    { patient: 2, abnormal: false, labels: { Hernia: true } },
    { patient: 3 },
  ]);
  const films = store.splits.candidates();
  store.transaction(() =>
    store.splits.insert(
      { id: SPLIT, name: 's', seed: 1, createdAt: 1, request: {}, warnings: [] },
      new Map(films.map(({ patientNo }) => [patientNo, 'train'] as const)),
      films,
    ),
  );
  const rows = store.splits.dataset(SPLIT, ['Hernia', 'Edema']);
  expect(rows.map(({ labels, abnormal }) => [labels, abnormal])).toEqual([
    [[0, 1], 1],
    [[1, null], 0],
    [[null, null], null],
  ]);
  expect(store.splits.parts(SPLIT).train.findings).toEqual([
    { finding: 'Edema', positive: 1, negative: 0, unknown: 2 },
    { finding: 'Hernia', positive: 1, negative: 1, unknown: 1 },
  ]);
  store.close();
});
