/**
 * @file Readers, review sessions and the versions of what readers said. A version is added or refused, never changed: two
 * triggers hold that against every other writer too.
 */
import { isDeepStrictEqual } from 'node:util';

import {
  readingContent,
  reviewPlan,
  type Reader,
  type ReadingContent,
  type ReadingVersion,
  type Review,
} from '../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { nextStages, type ReadingStage } from '../../shared/domain/review.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Db } from './connection.ts';

/** `pinHash`: argon2id in PHC form; null = cannot sign in here. */
export type NewReader = Reader & { readonly pinHash: string | null };

/** One film of one reader's worklist. */
export interface WorkRow {
  readonly filmId: FilmId;
  readonly position: number;
  /** Of the newest version; null = unread. */
  readonly stage: ReadingStage | null;
  /** Number of the newest version; 0 = unread. */
  readonly versions: number;
}

/** A version without what it says. */
export type VersionStep = Pick<ReadingVersion, 'id' | 'readerId' | 'filmId' | 'number' | 'stage'>;

/** A version to keep. `after` is the number of the version that its writer had before it; 0 = none. */
export type NewVersion = Omit<ReadingVersion, 'number'> & { readonly after: number };

type RawReview = Omit<Review, 'plan'> & { readonly plan: string };
type RawVersion = Omit<ReadingVersion, 'content'> & { readonly content: string };

const VERSION = `id, review_id AS reviewId, reader_id AS readerId, film_id AS filmId, number, stage, content,
  created_at AS createdAt`;

const parseReview = (row: RawReview): Review => ({ ...row, plan: reviewPlan.parse(JSON.parse(row.plan)) });

function parseVersion(row: RawVersion): ReadingVersion {
  return { ...row, content: readingContent.parse(JSON.parse(row.content)) };
}

export type ReviewStore = ReturnType<typeof createReviewStore>;

export function createReviewStore(db: Db) {
  const addReader = db.prepare(
    'INSERT INTO readers (id, name, role, pin_hash, created_at) VALUES (@id, @name, @role, @pinHash, @createdAt)',
  );
  const readers = db.prepare<[], Reader>(
    'SELECT id, name, role, created_at AS createdAt FROM readers ORDER BY name, id',
  );
  const taken = db.prepare<[string, string], { id: string }>(
    'SELECT id FROM readers WHERE id = ? OR name = ?',
  );
  const pinHash = db.prepare<[string], { pinHash: string | null }>(
    'SELECT pin_hash AS pinHash FROM readers WHERE id = ?',
  );
  const addReview = db.prepare(
    'INSERT INTO reviews (id, name, plan, created_at) VALUES (@id, @name, @plan, @createdAt)',
  );
  const addFilm = db.prepare<[string, string, string, number]>(
    'INSERT INTO review_films (review_id, reader_id, film_id, position) VALUES (?, ?, ?, ?)',
  );
  const reviews = db.prepare<[], RawReview>(
    'SELECT id, name, plan, created_at AS createdAt FROM reviews ORDER BY created_at, id',
  );
  const review = db.prepare<[string], RawReview>(
    'SELECT id, name, plan, created_at AS createdAt FROM reviews WHERE id = ?',
  );
  const worklist = db.prepare<[string, string], WorkRow>(
    `SELECT f.film_id AS filmId, f.position, v.stage, coalesce(v.number, 0) AS versions
     FROM review_films f LEFT JOIN reading_versions v ON v.review_id = f.review_id AND v.reader_id = f.reader_id
       AND v.film_id = f.film_id AND v.number = (SELECT max(number) FROM reading_versions n
         WHERE n.review_id = f.review_id AND n.reader_id = f.reader_id AND n.film_id = f.film_id)
     WHERE f.review_id = ? AND f.reader_id = ? ORDER BY f.position`,
  );
  const hasFilm = db.prepare<[string, string, string], { position: number }>(
    'SELECT position FROM review_films WHERE review_id = ? AND reader_id = ? AND film_id = ?',
  );
  const version = db.prepare<[string], RawVersion>(`SELECT ${VERSION} FROM reading_versions WHERE id = ?`);
  const versions = db.prepare<[string, string, string], RawVersion>(
    `SELECT ${VERSION} FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ? ORDER BY number`,
  );
  const newest = db.prepare<[string, string, string], RawVersion>(
    `SELECT ${VERSION} FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ?
     ORDER BY number DESC LIMIT 1`,
  );
  const steps = db.prepare<[string], VersionStep>(
    `SELECT id, reader_id AS readerId, film_id AS filmId, number, stage FROM reading_versions WHERE review_id = ?
     ORDER BY reader_id, film_id, number`,
  );
  const readersOf = db.prepare<[string], Reader>(
    `SELECT id, name, role, created_at AS createdAt FROM readers
     WHERE id IN (SELECT reader_id FROM review_films WHERE review_id = ?) ORDER BY name, id`,
  );
  const addVersion = db.prepare(
    `INSERT INTO reading_versions (id, review_id, reader_id, film_id, number, stage, content, created_at)
     VALUES (@id, @reviewId, @readerId, @filmId, @number, @stage, @content, @createdAt)`,
  );

  function find(id: ReviewId): Review {
    const row = review.get(id);
    if (row === undefined) {
      throw new ServiceError('NOT_FOUND', 'This review session is not in the library. Nothing was changed.', {
        id,
      });
    }
    return parseReview(row);
  }

  function begin(made: Review, order: ReadonlyMap<ReaderId, readonly FilmId[]>): void {
    addReview.run({ ...made, plan: JSON.stringify(reviewPlan.parse(made.plan)) });
    for (const [reader, films] of order) {
      for (const [position, film] of films.entries()) addFilm.run(made.id, reader, film, position);
    }
  }

  function append({ after, ...made }: NewVersion): ReadingVersion {
    const { plan } = find(made.reviewId);
    const place = [made.reviewId, made.readerId, made.filmId] as const;
    if (hasFilm.get(...place) === undefined) {
      throw new ServiceError('NOT_FOUND', 'This film is not on this reader’s list. Nothing was changed.');
    }
    const content = readingContent.parse(made.content);
    const kept = version.get(made.id);
    if (kept !== undefined) return sameVersion(parseVersion(kept), made, content);
    const last = newest.get(...place);
    if ((last?.number ?? 0) !== after) {
      throw new ServiceError(
        'CONFLICT',
        'This film was changed in another window. That change is kept and yours was not saved; open the film again and repeat it.',
        { newest: last?.number ?? 0, after },
      );
    }
    checkStep(last === undefined ? null : parseVersion(last), made.stage, content, plan.blinding);
    const number = after + 1;
    addVersion.run({ ...made, number, content: JSON.stringify(content) });
    return { ...made, number, content };
  }

  return {
    /** @throws ServiceError CONFLICT the name or id is taken */
    addReader(made: NewReader): void {
      if (taken.get(made.id, made.name) !== undefined) {
        throw new ServiceError('CONFLICT', `There is a reader "${made.name}" already. Choose another name.`);
      }
      addReader.run(made);
    },
    /** By name. */
    readers: (): readonly Reader[] => readers.all(),
    pinHash: (id: ReaderId): string | null => pinHash.get(id)?.pinHash ?? null,
    /** Keeps the session with each reader's films in the order in which they are read; all or nothing. */
    begin: (made: Review, order: ReadonlyMap<ReaderId, readonly FilmId[]>): void =>
      db.transaction(begin).immediate(made, order),
    /** Oldest first. */
    all: (): readonly Review[] => reviews.all().map(parseReview),
    /** @throws ServiceError NOT_FOUND */
    find,
    worklist: (id: ReviewId, reader: ReaderId): readonly WorkRow[] => worklist.all(id, reader),
    /**
     * Keeps a version; it is on the disk when this returns. Sent again with the same id, it is kept once.
     * @throws ServiceError NOT_FOUND no such session or film on the list, CONFLICT another version came between or the step
     * is not allowed
     */
    append: (made: NewVersion): ReadingVersion => db.transaction(append).immediate(made),
    /** Readers with films in the session, by name. */
    readersOf: (id: ReviewId): readonly Reader[] => readersOf.all(id),
    /** Every version of the session, by reader, film and number. */
    steps: (id: ReviewId): readonly VersionStep[] => steps.all(id),
    /** null when there is none. */
    version(id: ReadingId): ReadingVersion | null {
      const row = version.get(id);
      return row === undefined ? null : parseVersion(row);
    },
    /** Oldest first. */
    versions: (id: ReviewId, reader: ReaderId, film: FilmId): readonly ReadingVersion[] =>
      versions.all(id, reader, film).map(parseVersion),
  };
}

/** The kept version when it is the one that was sent again. @throws ServiceError CONFLICT it says something else */
function sameVersion(
  kept: ReadingVersion,
  made: Omit<ReadingVersion, 'number'>,
  content: ReadingContent,
): ReadingVersion {
  if (isDeepStrictEqual(kept, { ...made, content, number: kept.number })) return kept;
  throw new ServiceError('CONFLICT', 'Another version with this id is kept already. It was left as it is.', {
    id: kept.id,
  });
}

function checkStep(
  last: ReadingVersion | null,
  stage: ReadingStage,
  content: ReadingContent,
  blinding: Review['plan']['blinding'],
): void {
  if (!nextStages(last?.stage ?? null, blinding).includes(stage)) {
    throw new ServiceError(
      'CONFLICT',
      stage === 'revealed'
        ? 'The model is shown after the first read is signed, in sessions that show it then. Nothing was changed.'
        : 'This step is not possible with the film as it stands. What was saved is kept; open the film again.',
      { last: last?.stage ?? null, stage },
    );
  }
  if (stage === 'revealed' && !isDeepStrictEqual(last?.content, content)) {
    throw new ServiceError(
      'CONFLICT',
      'Showing the model leaves the signed first read as it is. Nothing was changed.',
    );
  }
}
