/** @file What adjudicators decided. A decision is added or refused, never changed: two triggers hold that too. */
import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import { settled, type Decision } from '../../shared/contract/review-adjudication.ts';
import type { FilmId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';
import { saveConflict } from './reviews.ts';

/** `after` is the number of the decision that its maker had before; 0 = none. */
export type NewDecision = Omit<Decision, 'number'> & { readonly after: number };

type RawDecision = Omit<Decision, 'sources' | 'settled'> & {
  readonly sources: string;
  readonly settled: string;
};

const COLUMNS = `id, review_id AS reviewId, film_id AS filmId, number, reader_id AS adjudicator, basis, sources, settled,
  reason, created_at AS createdAt`;

const ids = z.array(z.string().transform((id) => id as ReadingId));

function parse(row: RawDecision): Decision {
  return {
    ...row,
    sources: ids.parse(JSON.parse(row.sources)),
    settled: settled.parse(JSON.parse(row.settled)),
  };
}

export type DecisionStore = ReturnType<typeof createDecisionStore>;

export function createDecisionStore(db: Db) {
  const insert = db.prepare(
    `INSERT INTO decisions (id, review_id, film_id, number, reader_id, basis, sources, settled, reason, created_at)
     VALUES (@id, @reviewId, @filmId, @number, @adjudicator, @basis, @sources, @settled, @reason, @createdAt)`,
  );
  const byId = db.prepare<[string], RawDecision>(`SELECT ${COLUMNS} FROM decisions WHERE id = ?`);
  const ofFilm = db.prepare<[string, string], RawDecision>(
    `SELECT ${COLUMNS} FROM decisions WHERE review_id = ? AND film_id = ? ORDER BY number`,
  );
  const newest = db.prepare<[string], RawDecision>(
    `SELECT ${COLUMNS} FROM decisions d WHERE review_id = ? AND number =
       (SELECT max(number) FROM decisions n WHERE n.review_id = d.review_id AND n.film_id = d.film_id)`,
  );

  function append({ after, ...asked }: NewDecision): Decision {
    const made = { ...asked, settled: settled.parse(JSON.parse(JSON.stringify(asked.settled))) };
    const kept = byId.get(made.id);
    if (kept !== undefined) {
      const { number, createdAt, ...before } = parse(kept);
      if (isDeepStrictEqual({ ...before, createdAt: made.createdAt }, made)) {
        return { ...before, number, createdAt };
      }
      throw saveConflict('id-taken', 'Another decision with this id is kept already. It was left as it is.');
    }
    const last = ofFilm.all(made.reviewId, made.filmId).at(-1)?.number ?? 0;
    if (last !== after) {
      throw saveConflict(
        'other-window',
        'This film was settled in another window meanwhile. That decision is kept and yours was not; look at it and decide again.',
        { newest: last, after },
      );
    }
    const number = after + 1;
    insert.run({
      ...made,
      number,
      sources: JSON.stringify(made.sources),
      settled: JSON.stringify(made.settled),
    });
    return { ...made, number };
  }

  return {
    /**
     * On the disk when this returns. Sent again with the same id, it is kept once.
     * @throws ServiceError CONFLICT another decision came between, or has this id
     */
    append: (made: NewDecision): Decision => db.transaction(append).immediate(made),
    /** Oldest first. */
    ofFilm: (id: ReviewId, film: FilmId): readonly Decision[] => ofFilm.all(id, film).map(parse),
    /** The one that counts of each film that has any. */
    newest: (id: ReviewId): ReadonlyMap<FilmId, Decision> =>
      new Map(newest.all(id).map((row) => [row.filmId, parse(row)])),
  };
}
