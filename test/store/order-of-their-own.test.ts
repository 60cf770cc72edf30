/** @file Imports, splits and label versions keep the order in which they were made, with a clock that is set back too. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import Database from 'better-sqlite3';
import { expect, it } from 'vitest';

import { openDatabase } from '../../main/store/database.ts';
import { MIGRATIONS_DIR, openStore, type Store } from '../../main/store/store.ts';
import { filmQuery } from '../../shared/contract/library.ts';
import type {
  ImportId,
  LabelVersionId,
  ReaderId,
  ReviewId,
  RunId,
  SplitId,
} from '../../shared/domain/ids.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';
import { PLAN } from '../services/review/review-desk.ts';

const clock = testClock();
/** Ids that sort against the order in which they are made, at times that run backwards. */
const BACKWARDS = [
  ['c', 3000],
  ['b', 2000],
  ['a', 1000],
] as const;

function makeSplit(store: Store, id: string, createdAt: number, part: 'train' | 'test' = 'train'): void {
  const films = store.splits.candidates();
  const members = new Map(films.map(({ patientNo }) => [patientNo, part]));
  const split = {
    id: `split-0000000${id}` as SplitId,
    name: id,
    seed: 1,
    createdAt,
    request: {},
    warnings: [],
  };
  store.transaction(() => store.splits.insert(split, members, films));
}

it('the newest is the one made last, not the one with the latest time', () => {
  const store = openStore(':memory:', { clock });
  addFilms(store, [{ patient: 1 }, { patient: 2 }]);
  expect(store.imports.endedSeq()).toBe(0);
  const reader = 'reader-00000001' as ReaderId;
  const review = 'review-00000001' as ReviewId;
  store.readers.add({ id: reader, name: 'Olga', role: 'owner', pinHash: null, createdAt: 1 });
  store.reviews.begin({ id: review, name: 'Round', plan: PLAN, createdAt: 1 }, new Map());
  let ended = 0;
  for (const [id, at] of BACKWARDS) {
    const importId = `import-0000000${id}` as ImportId;
    store.imports.begin(importId, 'files', at);
    expect(store.imports.newest()?.id).toBe(importId);
    expect(store.imports.endedSeq()).toBe(ended); // labels are told to be others once it is over
    store.imports.end(importId, { state: 'finished', summary: null, error: null }, at + 1);
    expect(store.imports.endedSeq()).toBeGreaterThan(ended);
    ended = store.imports.endedSeq();
    makeSplit(store, id, at, id === 'a' ? 'test' : 'train');
    const version = {
      id: `labels-0000000${id}` as LabelVersionId,
      name: id,
      reviewId: review,
      madeBy: reader,
    };
    store.labelVersions.add({ ...version, createdAt: at, request: {} as never }, new Map());
  }
  expect(store.splits.list().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  const { rows } = store.filmQueries.search(filmQuery.parse({}));
  expect(rows.map(({ part }) => part)).toEqual(['test', 'test']); // of the newest split
  store.close();
});

it('a library of the layout before keeps its order, and what was computed from its labels', () => {
  const dir = tempFolder();
  const older = join(dir, 'older');
  cpSync(MIGRATIONS_DIR, older, { recursive: true });
  for (const name of readdirSync(older)) if (Number(name.slice(0, 4)) >= 20) rmSync(join(older, name));
  const path = join(dir, 'library.db');
  const migrationsDir = pathToFileURL(`${older}/`);
  const { db } = openDatabase(path, { readOnly: false, migrationsDir, now: () => 1, goBackTo: null });
  db.pragma('foreign_keys = OFF');
  const imports = db.prepare("INSERT INTO imports VALUES (?, 'files', 'finished', ?, ?, NULL, NULL, NULL)");
  for (const [id, at] of BACKWARDS) imports.run(`import-0000000${id}`, at, at + 1);
  const splits = db.prepare("INSERT INTO splits VALUES (?, ?, 1, ?, '{}', '[]')");
  for (const [id, at] of BACKWARDS) splits.run(`split-0000000${id}`, id, at);
  const versions = db.prepare("INSERT INTO label_versions VALUES (?, ?, 'review-1', 'reader-1', '{}', ?)");
  for (const [id, at] of BACKWARDS) versions.run(`labels-0000000${id}`, id, at);
  const evaluations = db.prepare("INSERT INTO evaluations VALUES (?, 'test', ?, '{}')");
  evaluations.run('run-00000001', 3001); // after the newest import
  evaluations.run('run-00000002', 2999); // before
  const blob = Buffer.alloc(8);
  const replicates = db.prepare(
    `INSERT INTO replicates VALUES (?, 'test', ?, '${'f'.repeat(64)}', 0.5, 0.5, ?, ?)`,
  );
  replicates.run('run-00000001', 'w, labels 3001, 2000 seed 1', blob, blob);
  replicates.run('run-00000002', 'w, labels 30010, 2000 seed 1', blob, blob);
  db.close();

  const store = openStore(path, { clock });
  // by their times: nothing else is known of them
  expect(store.imports.newest()?.id).toBe('import-0000000c');
  expect(store.splits.list().map(({ name }) => name)).toEqual(['c', 'b', 'a']);
  const seq = store.imports.endedSeq();
  expect(seq).toBe(3);
  expect(store.evaluations.labelsSeq('run-00000001' as RunId, 'test')).toBe(seq);
  expect(store.evaluations.labelsSeq('run-00000002' as RunId, 'test')).toBe(0);
  expect(store.evaluations.labelsSeq('run-00000003' as RunId, 'test')).toBeNull();
  const kept = (run: string, from: string) => store.comparisons.findReplicates(run as RunId, 'test', from);
  expect(kept('run-00000001', 'w, labels 3, 2000 seed 1')).not.toBeNull();
  expect(kept('run-00000002', 'w, labels 30010, 2000 seed 1')).not.toBeNull(); // another time that begins alike
  makeSplit(store, 'd', 1);
  expect(store.splits.list()[0]?.name).toBe('d');
  store.close();
  const again = new Database(path);
  expect(() => again.exec("UPDATE label_versions SET name = 'x'")).toThrow('never changes');
  expect(again.prepare('SELECT name FROM label_versions ORDER BY seq').pluck().all()).toEqual([
    'a',
    'b',
    'c',
  ]);
  again.close();
});
