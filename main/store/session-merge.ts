/**
 * @file The rows of a review session as another site sends them: lists, versions in their order, histories beside them. Only the
 * merge of a session package writes here; the checks of a window's save are its own.
 */
import {
  readingContent,
  type OtherVersion,
  type ReadingVersion,
  type Review,
} from '../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReviewId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

type RawVersion = Omit<OtherVersion, 'content'> & { readonly content: string };

const VERSION = `id, review_id AS reviewId, reader_id AS readerId, film_id AS filmId, number, stage, content,
  created_at AS createdAt`;
const VALUES = '(@id, @reviewId, @readerId, @filmId, @number, @stage, @content, @createdAt)';
const COLUMNS = '(id, review_id, reader_id, film_id, number, stage, content, created_at)';

export type SessionMergeStore = ReturnType<typeof createSessionMergeStore>;

export function createSessionMergeStore(db: Db) {
  const addReview = db.prepare(
    'INSERT INTO reviews (id, name, plan, created_at) VALUES (@id, @name, @plan, @createdAt)',
  );
  const list = db.prepare<[string, string], { filmId: FilmId }>(
    'SELECT film_id AS filmId FROM review_films WHERE review_id = ? AND reader_id = ? ORDER BY position',
  );
  const addFilm = db.prepare<[string, string, string, number]>(
    'INSERT INTO review_films (review_id, reader_id, film_id, position) VALUES (?, ?, ?, ?)',
  );
  const addVersion = db.prepare(`INSERT INTO reading_versions ${COLUMNS} VALUES ${VALUES}`);
  const addOther = db.prepare(
    `INSERT INTO other_versions ${COLUMNS.replace(')', ', site)')} VALUES ${VALUES.replace(')', ', @site)')}`,
  );
  const others = db.prepare<[string], RawVersion>(
    `SELECT ${VERSION}, site FROM other_versions WHERE review_id = ? ORDER BY reader_id, film_id, number, id`,
  );
  const othersOf = db.prepare<[string, string], RawVersion>(
    `SELECT ${VERSION}, site FROM other_versions WHERE review_id = ? AND film_id = ? ORDER BY reader_id, number, id`,
  );
  const countOthers = db.prepare<[string], { filmId: FilmId; histories: number }>(
    `SELECT film_id AS filmId, count(*) AS histories
     FROM (SELECT DISTINCT film_id, reader_id, site FROM other_versions WHERE review_id = ?) GROUP BY film_id`,
  );
  const known = db.prepare<[string, string], { content: string; stage: string; reviewId: string }>(
    `SELECT content, stage, review_id AS reviewId FROM reading_versions WHERE id = ?
     UNION ALL SELECT content, stage, review_id FROM other_versions WHERE id = ?`,
  );
  const asRow = <Version extends ReadingVersion>(version: Version) => ({
    ...version,
    content: JSON.stringify(version.content),
  });
  const parsed = (rows: readonly RawVersion[]): readonly OtherVersion[] =>
    rows.map((row) => ({ ...row, content: readingContent.parse(JSON.parse(row.content)) }));

  return {
    addReview: (made: Review): void => void addReview.run({ ...made, plan: JSON.stringify(made.plan) }),
    /** The reader's films in their order; empty = not a reader of the session. */
    list: (id: ReviewId, reader: ReaderId): readonly FilmId[] =>
      list.all(id, reader).map(({ filmId }) => filmId),
    addFilm: (id: ReviewId, reader: ReaderId, film: FilmId, position: number): void =>
      void addFilm.run(id, reader, film, position),
    /** Its number is the next one of its place; the caller has seen to that. */
    addVersion: (version: ReadingVersion): void => void addVersion.run(asRow(version)),
    /** Beside what was read here. */
    addOther: (version: OtherVersion): void => void addOther.run(asRow(version)),
    /** What a version of this id says here, on either side; null = it is not here. */
    known(
      id: string,
    ): { readonly content: unknown; readonly stage: string; readonly reviewId: string } | null {
      const row = known.get(id, id);
      return row === undefined ? null : { ...row, content: readingContent.parse(JSON.parse(row.content)) };
    },
    /** Versions from other sites that do not follow on what was read here. */
    others: (id: ReviewId): readonly OtherVersion[] => parsed(others.all(id)),
    othersOf: (id: ReviewId, film: FilmId): readonly OtherVersion[] => parsed(othersOf.all(id, film)),
    /** How many histories of other sites are kept beside those of here, by film; a film without any is not named. */
    countOthers: (id: ReviewId): ReadonlyMap<FilmId, number> =>
      new Map(countOthers.all(id).map(({ filmId, histories }) => [filmId, histories])),
  };
}
