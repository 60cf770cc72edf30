/** @file Sessions, worklists and films as the contract shows them. Reads only. */
import type {
  ReviewSummary,
  WorkFilter,
  WorkItem,
  WorkProgress,
} from '../../../shared/contract/review-session.ts';
import type { Reader, ReviewFilm, ReviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { mayAct, workState, type ReadingStage, type WorkState } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { shortPatient } from '../../store/patients.ts';
import type { OrderRow, ReviewRow, StageCount, WorkFilm, WorkRow } from '../../store/reviews.ts';
import type { Store } from '../../store/store.ts';

const NOTHING: WorkProgress = { unread: 0, started: 0, done: 0, missing: 0 };

/** The film as it is in the library now; null = not there any more. */
export function filmNow(store: Store, id: FilmId): ReviewFilm | null {
  const film = store.films.find(id);
  if (film === null) return null;
  const { name, patientKey, view, rows, cols, frames } = film;
  return filmView({ name, patientKey, view, rows, cols, frames });
}

export function filmView(film: WorkFilm | null): ReviewFilm | null {
  if (film === null) return null;
  const { patientKey, ...rest } = film;
  return { ...rest, patient: shortPatient(patientKey) };
}

/** Where a reader stands with a film, by the stage of the newest version. */
export type StandsAt = (stage: ReadingStage | null) => WorkState;

/** For one session: its model may be in the library or not. */
export function standing(store: Store, { blinding, runId }: ReviewPlan): StandsAt {
  let hasModel: boolean | null = null;
  return (stage) => {
    if (stage !== 'read' || blinding !== 'after-read') return workState(stage, blinding);
    hasModel ??= runId !== null && store.runs.find(runId) !== null;
    return workState(stage, blinding, hasModel);
  };
}

function progressOf(counts: readonly StageCount[], stands: StandsAt): WorkProgress {
  const progress = { ...NOTHING };
  for (const { stage, isMissing, films } of counts) {
    progress[isMissing ? 'missing' : stands(stage)] += films;
  }
  return progress;
}

/** @param viewer null = somebody at the command line, who sees everybody's progress */
export function summaryView(store: Store, row: ReviewRow, viewer: Reader | null): ReviewSummary {
  const counts = Map.groupBy(store.reviews.stages(row.id), ({ readerId }) => readerId);
  const stands = standing(store, row.plan);
  const seesAll = viewer === null || mayAct(viewer.role, 'adjudicate');
  const readers = store.reviews
    .readersOf(row.id)
    .filter(({ id }) => seesAll || id === viewer.id)
    .map((reader) => ({
      reader,
      progress: progressOf(counts.get(reader.id) ?? [], stands),
    }));
  const films = [...counts.values()].map((of) => of.reduce((sum, one) => sum + one.films, 0));
  return {
    ...row,
    films: Math.max(0, ...films),
    readers,
    isMine: viewer !== null && counts.has(viewer.id),
  };
}

/** The reader's films in order. @throws ServiceError NOT_FOUND no such session, NOT_ALLOWED not this reader's */
export function ownOrder(store: Store, id: ReviewId, reader: Reader): readonly OrderRow[] {
  store.reviews.find(id);
  const rows = store.reviews.order(id, reader.id);
  if (rows.length === 0) throw notOnList(id, reader);
  return rows;
}

/** The reader's list. @throws ServiceError NOT_FOUND no such session, NOT_ALLOWED not this reader's */
export function ownList(store: Store, id: ReviewId, reader: Reader): readonly WorkRow[] {
  store.reviews.find(id);
  const rows = store.reviews.worklist(id, reader.id);
  if (rows.length === 0) throw notOnList(id, reader);
  return rows;
}

function notOnList(id: ReviewId, reader: Reader): ServiceError {
  return new ServiceError(
    'NOT_ALLOWED',
    `${reader.name} is not among the readers of this session. Choose another session, or ask an owner for one.`,
    { reviewId: id },
  );
}

function itemView({ versions, film, ...row }: WorkRow, stands: StandsAt): WorkItem {
  return { ...row, film: filmView(film), version: versions, state: stands(row.stage) };
}

function fits({ state, text, onlyKeyImages, onlyNotes }: WorkFilter, item: WorkItem): boolean {
  if (state === 'missing' && item.film !== null) return false;
  const stands = state === 'signed' ? item.stage === 'read' : item.state === state;
  if (state !== 'any' && state !== 'missing' && (!stands || item.film === null)) return false;
  if (onlyKeyImages && item.keyFrames === 0) return false;
  if (onlyNotes && !item.hasNote) return false;
  const wanted = text.trim().toLowerCase();
  const words = [item.film?.name ?? '', item.film?.patient ?? ''];
  return wanted === '' || words.some((word) => word.toLowerCase().includes(wanted));
}

export function worklistView(
  rows: readonly WorkRow[],
  stands: StandsAt,
  { filter, offset, limit }: { filter: WorkFilter; offset: number; limit: number },
): { progress: WorkProgress; total: number; rows: WorkItem[] } {
  const items = rows.map((row) => itemView(row, stands));
  const progress = { ...NOTHING };
  for (const { film, state } of items) progress[film === null ? 'missing' : state] += 1;
  const found = items.filter((item) => fits(filter, item));
  return { progress, total: found.length, rows: found.slice(offset, offset + limit) };
}

/**
 * Whether this reader may see what others said of a film: adjudicators and owners, but not while the film waits for their own
 * read. One that is not in the library waits for nothing.
 */
export function mayCompare(store: Store, row: ReviewRow, reader: Reader, filmId: FilmId): boolean {
  if (!mayAct(reader.role, 'adjudicate')) return false;
  if (row.closedAt !== null) return true;
  const place = { reviewId: row.id, readerId: reader.id, filmId };
  if (!store.reviews.isListed(place)) return true;
  if (standing(store, row.plan)(store.reviews.stageOf(place)) === 'done') return true;
  return store.films.find(filmId) === null;
}

/** The same of every film of the session. */
export function mayCompareAll(store: Store, row: ReviewRow, reader: Reader): boolean {
  if (!mayAct(reader.role, 'adjudicate')) return false;
  if (row.closedAt !== null) return true;
  const stands = standing(store, row.plan);
  return store.reviews
    .order(row.id, reader.id)
    .every(({ stage, isMissing }) => isMissing || stands(stage) === 'done');
}

/** Own readings always. @throws ServiceError NOT_ALLOWED */
export function refuseUnlessMayCompare(
  store: Store,
  row: ReviewRow,
  reader: Reader,
  { readerId, filmId }: { readerId: ReaderId; filmId: FilmId },
): void {
  if (readerId === reader.id || mayCompare(store, row, reader, filmId)) return;
  throw new ServiceError(
    'NOT_ALLOWED',
    mayAct(reader.role, 'adjudicate')
      ? 'Sign your own read of this film first; then the others’ are shown.'
      : 'What other readers said is shown to adjudicators and owners only.',
  );
}
