/** @file Versions of other sites in the real store: with their site, never changed, and in a library made before sites were kept. */
import Database from 'better-sqlite3';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { APPLICATION_ID } from '../../main/store/connection.ts';
import { readMigrations } from '../../main/store/migrate.ts';
import { MIGRATIONS_DIR, openStore } from '../../main/store/store.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const BO = 'reader-000000000001' as ReaderId;
const REVIEW = 'review-000000000001' as ReviewId;
const FILM = 'film-00000000000000000000000000000001' as FilmId;
const CONTENT = { answers: {}, marks: [], verdicts: [], note: 'there', keyFrames: [], seconds: null };
const BEFORE = 21;

it('come to a library that was made before, whose versions have no site; new ones have theirs', () => {
  const file = join(tempFolder(), 'library.db');
  const db = new Database(file);
  for (const { version, sql } of readMigrations(MIGRATIONS_DIR)) if (version <= BEFORE) db.exec(sql);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${BEFORE}`);
  db.prepare("INSERT INTO readers (id, name, role, created_at) VALUES (?, 'Bo', 'reader', 1)").run(BO);
  const plan = { findings: ['Edema'], questions: [], blinding: 'hidden', runId: null, timed: false, seed: 1 };
  db.prepare("INSERT INTO reviews (id, name, plan, created_at) VALUES (?, 'Round', ?, 1)").run(
    REVIEW,
    JSON.stringify(plan),
  );
  db.prepare('INSERT INTO review_films (review_id, reader_id, film_id, position) VALUES (?, ?, ?, 0)').run(
    REVIEW,
    BO,
    FILM,
  );
  db.prepare(
    `INSERT INTO other_versions (id, review_id, reader_id, film_id, number, stage, content, created_at)
     VALUES ('reading-000000000001', ?, ?, ?, 1, 'reading', ?, 5)`,
  ).run(REVIEW, BO, FILM, JSON.stringify(CONTENT));
  db.close();
  const store = openStore(file, { clock: testClock() });
  const version = {
    ...{ reviewId: REVIEW, readerId: BO, filmId: FILM, content: CONTENT, createdAt: 6 },
    id: 'reading-000000000002' as ReadingId,
    number: 2,
    stage: 'read' as const,
  };
  store.sessionMerge.addOther({ ...version, site: 'Site B' });
  expect(store.sessionMerge.othersOf(REVIEW, FILM).map(({ id, site }) => [id, site])).toEqual([
    ['reading-000000000001', null],
    ['reading-000000000002', 'Site B'],
  ]);
  expect(store.sessionMerge.others(REVIEW)).toEqual(store.sessionMerge.othersOf(REVIEW, FILM));
  expect([...store.sessionMerge.countOthers(REVIEW)]).toEqual([[FILM, 2]]);
  store.close();
  const again = new Database(file);
  expect(() => again.exec("UPDATE other_versions SET site = 'Site C'")).toThrow('never changes');
  expect(() => again.exec('DELETE FROM other_versions')).toThrow('never removed');
  again.close();
});
