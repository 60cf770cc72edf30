/** @file What adjudicators are putting together and have not decided yet, a row an adjudicator and film; gone once it is decided. */
import { adjudicationDraft, type AdjudicationDraft } from '../../shared/contract/review-adjudication.ts';
import type { FilmId, ReaderId, ReviewId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

/** Whose draft of which film. */
export interface DraftPlace {
  readonly reviewId: ReviewId;
  readonly filmId: FilmId;
  readonly readerId: ReaderId;
}

export interface KeptDraft {
  /** Number of changes so far. */
  readonly version: number;
  readonly content: AdjudicationDraft;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

export type AdjudicationDraftStore = ReturnType<typeof createAdjudicationDraftStore>;

export function createAdjudicationDraftStore(db: Db) {
  const where = 'WHERE review_id = @reviewId AND film_id = @filmId AND reader_id = @readerId';
  const find = db.prepare<[DraftPlace], { version: number; content: string; changedAt: number }>(
    `SELECT version, content, changed_at AS changedAt FROM adjudication_drafts ${where}`,
  );
  const put = db.prepare(
    `INSERT INTO adjudication_drafts (review_id, film_id, reader_id, version, content, changed_at)
     VALUES (@reviewId, @filmId, @readerId, @version, @content, @changedAt)
     ON CONFLICT (review_id, film_id, reader_id) DO UPDATE
     SET version = excluded.version, content = excluded.content, changed_at = excluded.changed_at`,
  );
  const remove = db.prepare<[DraftPlace]>(`DELETE FROM adjudication_drafts ${where}`);
  return {
    find(place: DraftPlace): KeptDraft | null {
      const row = find.get(place);
      return row === undefined ? null : { ...row, content: adjudicationDraft.parse(JSON.parse(row.content)) };
    },
    put: (place: DraftPlace, { content, ...kept }: KeptDraft): void =>
      void put.run({ ...place, ...kept, content: JSON.stringify(content) }),
    remove: (place: DraftPlace): void => void remove.run(place),
  };
}
