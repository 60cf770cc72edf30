/** @file Drafts of adjudicators in the real store: one a film and adjudicator, and a library made before there were any. */
import Database from 'better-sqlite3';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { APPLICATION_ID } from '../../main/store/connection.ts';
import { readMigrations } from '../../main/store/migrate.ts';
import { MIGRATIONS_DIR, openStore, type Store } from '../../main/store/store.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const JUDGE = 'reader-000000000001' as ReaderId;
const REVIEW = 'review-000000000001' as ReviewId;
const clock = testClock();

function addSession(store: Store): FilmId {
  const [film] = addFilms(store, [{ patient: 1 }]);
  if (film === undefined) throw new Error('a film was added');
  store.readers.add({ id: JUDGE, name: 'Jo', role: 'adjudicator', pinHash: null, createdAt: 1 });
  const plan = reviewPlan.parse({
    findings: ['Edema'],
    questions: [],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
  });
  store.sessionMerge.addReview({ id: REVIEW, name: 'Round', plan, createdAt: 1 });
  return film;
}

const draft = (reason: string) => ({
  sources: [],
  decision: 0,
  answers: {},
  findings: { Edema: true },
  marks: [],
  accepted: null,
  reason,
});

it('keeps the last one, and forgets it when asked', () => {
  const file = join(tempFolder(), 'library.db');
  const store = openStore(file, { clock });
  const place = { reviewId: REVIEW, filmId: addSession(store), readerId: JUDGE };
  expect(store.adjudicationDrafts.find(place)).toBeNull();
  for (const version of [1, 2]) {
    store.adjudicationDrafts.put(place, { version, content: draft(`${version}`), changedAt: version });
  }
  store.close();
  const again = openStore(file, { clock });
  expect(again.adjudicationDrafts.find(place)).toEqual({ version: 2, content: draft('2'), changedAt: 2 });
  again.adjudicationDrafts.remove(place);
  expect(again.adjudicationDrafts.find(place)).toBeNull();
  again.close();
});

it('comes to a library that was made before, whose decisions are read as having nothing of the adjudicator’s own', () => {
  const file = join(tempFolder(), 'library.db');
  const film = 'film-00000000000000000000000000000001' as FilmId;
  // As it was made before drafts: the layouts up to 15, whatever comes after.
  const db = new Database(file);
  for (const { version, sql } of readMigrations(MIGRATIONS_DIR)) if (version < 16) db.exec(sql);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('user_version = 15');
  db.prepare("INSERT INTO readers (id, name, role, created_at) VALUES (?, 'Jo', 'adjudicator', 1)").run(
    JUDGE,
  );
  const plan = { findings: ['Edema'], questions: [], blinding: 'hidden', runId: null, timed: false, seed: 1 };
  db.prepare("INSERT INTO reviews (id, name, plan, created_at) VALUES (?, 'Round', ?, 1)").run(
    REVIEW,
    JSON.stringify(plan),
  );
  db.prepare(
    `INSERT INTO decisions (id, review_id, film_id, number, reader_id, basis, sources, settled, reason, created_at)
     VALUES ('decision-000000000001', ?, ?, 1, ?, 'accept', '["reading-000000000001"]', ?, 'Seen.', 5)`,
  ).run(REVIEW, film, JUDGE, JSON.stringify({ findings: ['Edema'], answers: {}, marks: [] }));
  db.close();
  const store = openStore(file, { clock });
  expect(store.check()).toEqual([]);
  expect(store.decisions.ofFilm(REVIEW, film)[0]).toMatchObject({
    sources: ['reading-000000000001' as ReadingId],
    settled: { findings: ['Edema'], own: { findings: [], answers: [], marks: [] } },
  });
  expect(store.adjudicationDrafts.find({ reviewId: REVIEW, filmId: film, readerId: JUDGE })).toBeNull();
  store.close();
});
