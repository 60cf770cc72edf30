/**
 * @file Review sessions and the versions of what readers said. A version is added or refused, never changed: two
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
import type { FilmId, PatientKey, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { nextStages, type ModelBlinding, type ReadingStage } from '../../shared/domain/review.ts';
import { asBox } from '../../shared/domain/shape.ts';
import { ServiceError, type ErrorDetail } from '../../shared/domain/service-error.ts';
import type { Db } from './connection.ts';

/** A session as it stands. `closedAt` null = open. */
export type ReviewRow = Review & { readonly closedAt: number | null };

/** A film as a worklist names it. */
export interface WorkFilm {
  readonly name: string;
  readonly patientKey: PatientKey;
  readonly view: string | null;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
}

/** One film of one reader's worklist. */
export interface WorkRow {
  readonly filmId: FilmId;
  readonly position: number;
  /** null = not in the library any more. */
  readonly film: WorkFilm | null;
  /** Of the newest version; null = unread. */
  readonly stage: ReadingStage | null;
  /** Number of the newest version; 0 = unread. */
  readonly versions: number;
  readonly savedAt: number | null;
  /** What the newest version holds. */
  readonly marks: number;
  readonly keyFrames: number;
  readonly hasNote: boolean;
}

/** How many films of a reader's list stand where. */
export interface StageCount {
  readonly readerId: ReaderId;
  readonly stage: ReadingStage | null;
  readonly isMissing: boolean;
  readonly films: number;
}

/** One film of a worklist, as far as going from film to film needs it. */
export type OrderRow = Pick<WorkRow, 'filmId' | 'stage'> & { readonly isMissing: boolean };

/** One reader's reading of one film. */
export interface ReadingPlace {
  readonly reviewId: ReviewId;
  readonly readerId: ReaderId;
  readonly filmId: FilmId;
}

/** A version without what it says. */
export type VersionStep = Pick<
  ReadingVersion,
  'id' | 'readerId' | 'filmId' | 'number' | 'stage' | 'createdAt'
>;

/** Why a version was not kept, beside what is not in the library. */
export type SaveConflict = 'other-window' | 'ahead' | 'id-taken' | 'signed' | 'step' | 'closed';

export function saveConflict(reason: SaveConflict, message: string, detail: ErrorDetail = {}): ServiceError {
  return new ServiceError('CONFLICT', message, { reason, ...detail });
}

/** A version to keep. `after` is the number of the version that its writer had before it; 0 = none. */
export type NewVersion = Omit<ReadingVersion, 'number'> & { readonly after: number };

/** What was kept, and how it came to be: see `SAVE_OUTCOMES` of the contract. */
export type KeptVersion = ReadingVersion & {
  readonly outcome: 'kept' | 'unchanged' | 'repeated' | 'late';
};

export interface FlaggedVersion {
  readonly version: ReadingVersion;
  readonly film: WorkFilm | null;
}

type RawReview = Omit<ReviewRow, 'plan'> & { readonly plan: string };
type RawFilm = Omit<WorkFilm, 'name'> & { readonly name: string | null };
type RawWork = Omit<WorkRow, 'film' | 'hasNote'> & RawFilm & { readonly hasNote: number };
type RawVersion = Omit<ReadingVersion, 'content'> & { readonly content: string };

/** Where a reader of an open session stands with a film. */
export interface AwaitedRead {
  readonly reviewId: ReviewId;
  readonly reviewName: string;
  readonly readerId: ReaderId;
  /** null = unread. */
  readonly stage: ReadingStage | null;
  readonly blinding: ModelBlinding;
}

const VERSION = `id, review_id AS reviewId, reader_id AS readerId, film_id AS filmId, number, stage, content,
  created_at AS createdAt`;

const REVIEW = 'id, name, plan, created_at AS createdAt, closed_at AS closedAt';

/** Versions kept in memory for figures, about half a kilobyte each. */
const MOST_SAID = 20_000;

/** The newest version `v` of each film `f` on a list. */
const NEWEST = `LEFT JOIN reading_versions v ON v.review_id = f.review_id AND v.reader_id = f.reader_id
  AND v.film_id = f.film_id AND v.number = (SELECT max(number) FROM reading_versions n
    WHERE n.review_id = f.review_id AND n.reader_id = f.reader_id AND n.film_id = f.film_id)`;

const parseReview = (row: RawReview): ReviewRow => ({ ...row, plan: reviewPlan.parse(JSON.parse(row.plan)) });

function parseVersion(row: RawVersion): ReadingVersion {
  return { ...row, content: readingContent.parse(JSON.parse(row.content)) };
}

function parseFilm({ name, patientKey, view, rows, cols, frames }: RawFilm): WorkFilm | null {
  return name === null ? null : { name, patientKey, view, rows, cols, frames };
}

function parseWork(row: RawWork): WorkRow {
  const { filmId, position, stage, versions, savedAt, marks, keyFrames } = row;
  const work = { filmId, position, stage, versions, savedAt, marks, keyFrames };
  return { ...work, film: parseFilm(row), hasNote: row.hasNote === 1 };
}

export type ReviewStore = ReturnType<typeof createReviewStore>;

export function createReviewStore(db: Db) {
  const addReview = db.prepare(
    'INSERT INTO reviews (id, name, plan, created_at) VALUES (@id, @name, @plan, @createdAt)',
  );
  const addFilm = db.prepare<[string, string, string, number]>(
    'INSERT INTO review_films (review_id, reader_id, film_id, position) VALUES (?, ?, ?, ?)',
  );
  const reviews = db.prepare<[], RawReview>(`SELECT ${REVIEW} FROM reviews ORDER BY created_at, id`);
  const review = db.prepare<[string], RawReview>(`SELECT ${REVIEW} FROM reviews WHERE id = ?`);
  const setName = db.prepare<[string, string]>('UPDATE reviews SET name = ? WHERE id = ?');
  const setClosed = db.prepare<[number | null, string]>('UPDATE reviews SET closed_at = ? WHERE id = ?');
  const worklist = db.prepare<[string, string], RawWork>(
    `SELECT f.film_id AS filmId, f.position, v.stage, coalesce(v.number, 0) AS versions, v.created_at AS savedAt,
       coalesce(json_array_length(v.content, '$.marks'), 0) AS marks,
       coalesce(json_array_length(v.content, '$.keyFrames'), 0) AS keyFrames,
       coalesce(v.content ->> '$.note', '') <> '' AS hasNote,
       m.name, p.key AS patientKey, m.view, m.rows, m.cols, m.frames
     FROM review_films f ${NEWEST} LEFT JOIN films m ON m.id = f.film_id LEFT JOIN patients p ON p.no = m.patient_no
     WHERE f.review_id = ? AND f.reader_id = ? ORDER BY f.position`,
  );
  const stages = db.prepare<[string], Omit<StageCount, 'isMissing'> & { isMissing: number }>(
    `SELECT f.reader_id AS readerId, v.stage, m.id IS NULL AS isMissing, count(*) AS films
     FROM review_films f ${NEWEST} LEFT JOIN films m ON m.id = f.film_id
     WHERE f.review_id = ? GROUP BY f.reader_id, v.stage, isMissing`,
  );
  const hasFilm = db.prepare<[string, string, string], { position: number }>(
    'SELECT position FROM review_films WHERE review_id = ? AND reader_id = ? AND film_id = ?',
  );
  const filmsOf = db.prepare<[string, string], { filmId: FilmId }>(
    'SELECT film_id AS filmId FROM review_films WHERE review_id = ? AND reader_id = ? ORDER BY position',
  );
  const version = db.prepare<[string], RawVersion>(`SELECT ${VERSION} FROM reading_versions WHERE id = ?`);
  const versions = db.prepare<[string, string, string], RawVersion>(
    `SELECT ${VERSION} FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ? ORDER BY number`,
  );
  const numbered = db.prepare<[string, string, string, number], RawVersion>(
    `SELECT ${VERSION} FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ? AND number = ?`,
  );
  const newest = db.prepare<[string, string, string], RawVersion>(
    `SELECT ${VERSION} FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ?
     ORDER BY number DESC LIMIT 1`,
  );
  const flagged = db.prepare<[string], RawVersion & RawFilm>(
    `SELECT v.id, f.review_id AS reviewId, f.reader_id AS readerId, f.film_id AS filmId, v.number, v.stage, v.content,
       v.created_at AS createdAt, m.name, p.key AS patientKey, m.view, m.rows, m.cols, m.frames
     FROM review_films f ${NEWEST} LEFT JOIN films m ON m.id = f.film_id LEFT JOIN patients p ON p.no = m.patient_no
     WHERE f.review_id = ? AND json_array_length(v.content, '$.keyFrames') > 0 ORDER BY f.reader_id, f.position`,
  );
  const steps = db.prepare<[string], VersionStep>(
    `SELECT id, reader_id AS readerId, film_id AS filmId, number, stage, created_at AS createdAt
     FROM reading_versions v WHERE review_id = ? AND (stage NOT IN ('reading', 'revising') OR number =
       (SELECT max(number) FROM reading_versions n
        WHERE n.review_id = v.review_id AND n.reader_id = v.reader_id AND n.film_id = v.film_id))
     ORDER BY reader_id, film_id, number`,
  );
  const stepsOf = db.prepare<[string, string, string], VersionStep>(
    `SELECT id, reader_id AS readerId, film_id AS filmId, number, stage, created_at AS createdAt
     FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ? ORDER BY number`,
  );
  const order = db.prepare<[string, string], Omit<OrderRow, 'isMissing'> & { isMissing: number }>(
    `SELECT f.film_id AS filmId, v.stage, m.id IS NULL AS isMissing
     FROM review_films f ${NEWEST} LEFT JOIN films m ON m.id = f.film_id
     WHERE f.review_id = ? AND f.reader_id = ? ORDER BY f.position`,
  );
  const stageOf = db.prepare<[string, string, string], { stage: ReadingStage }>(
    `SELECT stage FROM reading_versions WHERE review_id = ? AND reader_id = ? AND film_id = ?
     ORDER BY number DESC LIMIT 1`,
  );
  const readsOf = db.prepare<[string], AwaitedRead>(
    `SELECT f.review_id AS reviewId, r.name AS reviewName, f.reader_id AS readerId, v.stage,
       r.plan ->> '$.blinding' AS blinding
     FROM review_films f JOIN reviews r ON r.id = f.review_id ${NEWEST}
     WHERE f.film_id = ? AND r.closed_at IS NULL ORDER BY r.created_at, r.id, f.reader_id`,
  );
  const filmsOfOpen = db.prepare<[], { filmId: FilmId }>(
    `SELECT DISTINCT film_id AS filmId FROM review_films
     WHERE review_id IN (SELECT id FROM reviews WHERE closed_at IS NULL) ORDER BY film_id`,
  );
  const readersOf = db.prepare<[string], Reader>(
    `SELECT id, name, role, created_at AS createdAt FROM readers
     WHERE id IN (SELECT reader_id FROM review_films WHERE review_id = ?) ORDER BY name, id`,
  );
  const addVersion = db.prepare(
    `INSERT INTO reading_versions (id, review_id, reader_id, film_id, number, stage, content, created_at)
     VALUES (@id, @reviewId, @readerId, @filmId, @number, @stage, @content, @createdAt)`,
  );

  const said = new Map<ReadingId, ReadingContent>();

  function find(id: ReviewId): ReviewRow {
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

  /** The version that holds what is sent already; null = none does. @throws ServiceError CONFLICT */
  function keptBefore({ after, ...made }: NewVersion, content: ReadingContent): ReadingVersion | null {
    const byId = version.get(made.id);
    if (byId !== undefined) {
      const kept = parseVersion(byId);
      if (isSame(kept, made, content)) return kept;
      throw saveConflict('id-taken', 'Another version with this id is kept already. It was left as it is.', {
        id: kept.id,
      });
    }
    const there = numbered.get(made.reviewId, made.readerId, made.filmId, after + 1);
    if (there === undefined) return null;
    const kept = parseVersion(there);
    if (isSame(kept, { ...made, id: kept.id }, content)) return kept;
    throw saveConflict(
      'other-window',
      'This film was changed in another window. That change is kept and yours was not saved; open the film again and repeat it.',
      { newest: newestOf(made)?.number ?? 0, after },
    );
  }

  function newestOf({ reviewId, readerId, filmId }: ReadingPlace): ReadingVersion | null {
    const row = newest.get(reviewId, readerId, filmId);
    return row === undefined ? null : parseVersion(row);
  }

  function append(asked: NewVersion): KeptVersion {
    const { after, ...made } = asked;
    const { plan } = find(made.reviewId);
    if (hasFilm.get(made.reviewId, made.readerId, made.filmId) === undefined) {
      throw new ServiceError('NOT_FOUND', 'This film is not on this reader’s list. Nothing was changed.');
    }
    const content = readingContent.parse(JSON.parse(JSON.stringify(made.content))); // as it is read again: −0 is 0
    const before = keptBefore(asked, content);
    const last = newestOf(made);
    if (before !== null) {
      return { ...before, outcome: before.number === last?.number ? 'repeated' : 'late' };
    }
    if ((last?.number ?? 0) !== after) {
      throw saveConflict(
        'ahead',
        'A change before this one has not arrived. What was saved is kept; send the earlier one again first.',
        { newest: last?.number ?? 0, after },
      );
    }
    const isOpen = made.stage === 'reading' || made.stage === 'revising';
    if (isOpen && last?.stage === made.stage && isDeepStrictEqual(last.content, content)) {
      return { ...last, outcome: 'unchanged' };
    }
    checkStep(last, made.stage, content, plan.blinding);
    const number = after + 1;
    addVersion.run({ ...made, number, content: JSON.stringify(content) });
    return { ...made, number, content, outcome: 'kept' };
  }

  return {
    /** Keeps the session with each reader's films in the order in which they are read; all or nothing. */
    begin: (made: Review, order: ReadonlyMap<ReaderId, readonly FilmId[]>): void =>
      db.transaction(begin).immediate(made, order),
    /** Oldest first. */
    all: (): readonly ReviewRow[] => reviews.all().map(parseReview),
    /** @throws ServiceError NOT_FOUND */
    find,
    /** `at` null = open again. */
    setName: (id: ReviewId, name: string): void => void setName.run(name, id),
    setClosed: (id: ReviewId, at: number | null): void => void setClosed.run(at, id),
    worklist: (id: ReviewId, reader: ReaderId): readonly WorkRow[] => worklist.all(id, reader).map(parseWork),
    /** How far each reader is, by the stage of the newest versions. */
    stages: (id: ReviewId): readonly StageCount[] =>
      stages.all(id).map((row) => ({ ...row, isMissing: row.isMissing === 1 })),
    /**
     * Keeps a version; it is on the disk when this returns. Sent again, it is kept once and said to be there.
     * @throws ServiceError NOT_FOUND no such session or film on the list; CONFLICT with a `SaveConflict` as its reason
     */
    append: (made: NewVersion): KeptVersion => db.transaction(append).immediate(made),
    /** Readers with films in the session, by name. */
    readersOf: (id: ReviewId): readonly Reader[] => readersOf.all(id),
    /** What was signed or revealed, and the newest version of each film: by reader, film and number. */
    steps: (id: ReviewId): readonly VersionStep[] => steps.all(id),
    /** null when there is none. */
    version(id: ReadingId): ReadingVersion | null {
      const row = version.get(id);
      return row === undefined ? null : parseVersion(row);
    },
    /**
     * What a version says as far as figures need it: regions as the boxes around them, without notes. Versions never change, so
     * it is kept in memory. null when there is none.
     */
    said(id: ReadingId): ReadingContent | null {
      const kept = said.get(id);
      if (kept !== undefined) {
        // The last one that was asked for is the last to go.
        said.delete(id);
        said.set(id, kept);
        return kept;
      }
      const row = version.get(id);
      if (row === undefined) return null;
      const { content } = parseVersion(row);
      const marks = content.marks.map((mark) => ({ ...mark, shape: asBox(mark.shape) }));
      const short = { ...content, marks, note: '' };
      const [oldest] = said.keys();
      if (said.size >= MOST_SAID && oldest !== undefined) said.delete(oldest);
      said.set(id, short);
      return short;
    },
    /** The version of this number; null when there is none. */
    numbered({ reviewId, readerId, filmId }: ReadingPlace, number: number): ReadingVersion | null {
      const row = numbered.get(reviewId, readerId, filmId, number);
      return row === undefined ? null : parseVersion(row);
    },
    /** In the reader's own order. */
    filmsOf: (id: ReviewId, reader: ReaderId): readonly FilmId[] =>
      filmsOf.all(id, reader).map(({ filmId }) => filmId),
    /** Whether the film stands on the reader's list. */
    isListed: ({ reviewId, readerId, filmId }: ReadingPlace): boolean =>
      hasFilm.get(reviewId, readerId, filmId) !== undefined,
    /** null = unread. */
    newest: newestOf,
    /** Where the readers of open sessions stand with a film. */
    readsOf: (filmId: FilmId): readonly AwaitedRead[] => readsOf.all(filmId),
    /** Films on a list of any open session. */
    filmsOfOpen: (): readonly FilmId[] => filmsOfOpen.all().map(({ filmId }) => filmId),
    /** Stage of the newest version; null = unread. */
    stageOf: ({ reviewId, readerId, filmId }: ReadingPlace): ReadingStage | null =>
      stageOf.get(reviewId, readerId, filmId)?.stage ?? null,
    /** Every version of one reading, oldest first. */
    stepsOf: ({ reviewId, readerId, filmId }: ReadingPlace): readonly VersionStep[] =>
      stepsOf.all(reviewId, readerId, filmId),
    /** The reader's films in the order in which they are read. */
    order: (id: ReviewId, reader: ReaderId): readonly OrderRow[] =>
      order.all(id, reader).map((row) => ({ ...row, isMissing: row.isMissing === 1 })),
    /** Newest versions that flag key images, by reader and position, each with its film. */
    flagged: (id: ReviewId): readonly FlaggedVersion[] =>
      flagged.all(id).map(({ name, patientKey, view, rows, cols, frames, ...row }) => ({
        version: parseVersion(row),
        film: parseFilm({ name, patientKey, view, rows, cols, frames }),
      })),
    /** Oldest first. */
    versions: (id: ReviewId, reader: ReaderId, film: FilmId): readonly ReadingVersion[] =>
      versions.all(id, reader, film).map(parseVersion),
  };
}

/** Says the same, whenever it was sent. */
function isSame(
  { createdAt: _at, number: _number, ...kept }: ReadingVersion,
  { createdAt: _sentAt, ...made }: Omit<ReadingVersion, 'number'>,
  content: ReadingContent,
): boolean {
  return isDeepStrictEqual(kept, { ...made, content });
}

/** @throws ServiceError CONFLICT */
function checkStep(
  last: ReadingVersion | null,
  stage: ReadingStage,
  content: ReadingContent,
  blinding: Review['plan']['blinding'],
): void {
  if (!nextStages(last?.stage ?? null, blinding).includes(stage)) {
    throw saveConflict(
      'step',
      stage === 'revealed'
        ? 'The model is shown after the first read is signed, in sessions that show it then. Nothing was changed.'
        : 'This step is not possible with the film as it stands. What was saved is kept; open the film again.',
      { last: last?.stage ?? null, stage },
    );
  }
  if (stage === 'revealed' && !isDeepStrictEqual(last?.content, content)) {
    throw saveConflict(
      'step',
      'Showing the model leaves the signed first read as it is. Nothing was changed.',
    );
  }
}
