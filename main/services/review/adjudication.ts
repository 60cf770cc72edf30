/**
 * @file Adjudication: signed reads of a film side by side, where they differ, and the decision on it. Reads and earlier decisions
 * stay as they are; what is being put together is kept as a draft of its adjudicator. The review service calls it with the reader who signed in.
 */
import type {
  Comparison,
  Decision,
  DraftRequest,
  SavedDraft,
  SettledContent,
  SettlementList,
  SettlementQuery,
  SettleRequest,
} from '../../../shared/contract/review-adjudication.ts';
import type { Reader, ReadingContent, ReadingVersion, ReviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { SETTLEMENT_STATES, type SettlementState } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { saveConflict, type ReviewRow } from '../../store/reviews.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { checkSettled, ownOf } from './check-settled.ts';
import {
  differencesOf,
  finalRead,
  finalReads,
  finalReadsOf,
  findingsOf,
  isAgreed,
  isOutdated,
  saidBy,
  type ReaderReads,
} from './final-reads.ts';
import { otherHistories } from './other-histories.ts';
import { refuseUnlessMay } from './readers-service.ts';
import { filmNow, mayCompare } from './review-views.ts';

export interface Adjudication {
  list(reader: Reader, id: ReviewId, query: SettlementQuery): SettlementList;
  compare(reader: Reader, id: ReviewId, filmId: FilmId): Comparison;
  settle(reader: Reader, id: ReviewId, filmId: FilmId, asked: SettleRequest): Decision;
  saveDraft(reader: Reader, id: ReviewId, filmId: FilmId, asked: DraftRequest): SavedDraft;
}

/** `chest 2` before `chest 10`. */
const BY_NAME = new Intl.Collator('en', { numeric: true });
const NO_DIFFERENCES = { findings: [], places: [], questions: [] };

function settlementState(
  reads: readonly ReaderReads[],
  said: readonly ReadingContent[],
  plan: ReviewPlan,
  decision: Decision | null,
): SettlementState {
  if (decision !== null) return isOutdated(decision, reads) ? 'outdated' : 'settled';
  // Of a film that one reader has, that reader's word stands; it may be settled all the same.
  if (said.length < Math.min(2, reads.length)) return 'waiting';
  return isAgreed(differencesOf(said, plan)) ? 'agreed' : 'open';
}

export function createAdjudication(library: OpenLibrary, clock: Clock): Adjudication {
  const { store, files, audit } = library;

  /** Every film of the session by its name, and how to tell where one stands: that reads what was said of it. */
  function filmsIn(reader: Reader, review: ReviewRow) {
    refuseUnlessMay(reader, 'adjudicate');
    const decisions = store.decisions.newest(review.id);
    const films = [...finalReads(store, review.id)].map(([filmId, reads]) => {
      const film = filmNow(store, filmId);
      const mayOpen = mayCompare(store, review, reader, filmId);
      return { filmId, film, name: film?.name ?? filmId, reads, mayOpen };
    });
    films.sort((a, b) => BY_NAME.compare(a.name, b.name));
    /** What may not be opened yet tells nothing of what was said. */
    const stands = ({ filmId, reads, mayOpen }: (typeof films)[number]) => {
      const said = saidBy(store, reads);
      const state = settlementState(reads, said, review.plan, decisions.get(filmId) ?? null);
      return {
        state: mayOpen || state === 'settled' || state === 'outdated' ? state : ('waiting' as const),
        signed: said.length,
        differs: mayOpen ? differencesOf(said, review.plan) : NO_DIFFERENCES,
      };
    };
    return { films, stands };
  }

  function rows(reader: Reader, review: ReviewRow): SettlementList['rows'] {
    const elsewhere = store.sessionMerge.countOthers(review.id);
    const { films, stands } = filmsIn(reader, review);
    return films.map((one) => {
      const { filmId, film, reads, mayOpen } = one;
      return {
        ...{ filmId, film, mayOpen, readers: reads.length, ...stands(one) },
        elsewhere: mayOpen ? (elsewhere.get(filmId) ?? 0) : 0,
      };
    });
  }

  function list(
    reader: Reader,
    id: ReviewId,
    { state, text, offset, limit }: SettlementQuery,
  ): SettlementList {
    const all = rows(reader, store.reviews.find(id));
    const counts = Object.fromEntries(SETTLEMENT_STATES.map((one) => [one, 0])) as SettlementList['counts'];
    for (const row of all) counts[row.state] += 1;
    const wanted = text.trim().toLowerCase();
    const found = all.filter(
      (row) =>
        (state === 'any' || row.state === state) &&
        [row.film?.name ?? '', row.film?.patient ?? ''].some((word) => word.toLowerCase().includes(wanted)),
    );
    return { counts, total: found.length, rows: found.slice(offset, offset + limit) };
  }

  function compare(reader: Reader, id: ReviewId, filmId: FilmId): Comparison {
    const review = store.reviews.find(id);
    const { films, stands } = filmsIn(reader, review);
    const row = films.find((one) => one.filmId === filmId);
    const now = row === undefined ? null : stands(row);
    const reads = readsOf(reader, review, filmId);
    const opened = films.filter(({ mayOpen }) => mayOpen);
    const at = opened.findIndex((one) => one.filmId === filmId);
    const onwards = [...opened.slice(at + 1), ...opened.slice(0, at)];
    // Films are looked at from here on until one is open: a session may have thousands.
    const isOpen = (one: (typeof films)[number]): boolean => ['open', 'outdated'].includes(stands(one).state);
    return {
      reviewId: id,
      filmId,
      film: filmNow(store, filmId),
      state: now?.state ?? 'waiting',
      previous: opened[at - 1]?.filmId ?? null,
      next: opened[at + 1]?.filmId ?? null,
      nextOpen: onwards.find(isOpen)?.filmId ?? null,
      reads: reads.map((one) => {
        const counts = one.revised !== null ? 'revised' : one.first !== null ? 'first' : null;
        return { ...wholly(one), counts };
      }),
      differs: now?.differs ?? NO_DIFFERENCES,
      elsewhere: [...otherHistories(store, review, filmId)],
      decisions: [...store.decisions.ofFilm(id, filmId)],
      draft: store.adjudicationDrafts.find({ reviewId: id, filmId, readerId: reader.id }),
    };
  }

  const whole = (step: { readonly id: ReadingId } | null): ReadingVersion | null =>
    step === null ? null : store.reviews.version(step.id);
  const wholly = ({ reader, first, revised }: ReaderReads): ReaderReads<ReadingVersion> => ({
    reader,
    first: whole(first),
    revised: whole(revised),
  });

  /** @throws ServiceError NOT_FOUND, NOT_ALLOWED */
  function readsOf(reader: Reader, review: ReviewRow, filmId: FilmId): readonly ReaderReads[] {
    refuseUnlessMay(reader, 'adjudicate');
    const reads = finalReadsOf(store, review.id, filmId);
    if (reads.length === 0) {
      throw new ServiceError('NOT_FOUND', 'This film is not in this session.', { filmId });
    }
    if (!mayCompare(store, review, reader, filmId)) {
      throw new ServiceError(
        'NOT_ALLOWED',
        'Sign your own read of this film first; then the others’ are shown.',
        { filmId },
      );
    }
    return reads;
  }

  function settle(reader: Reader, id: ReviewId, filmId: FilmId, asked: SettleRequest): Decision {
    files.refuseIfReadOnly();
    const review = store.reviews.find(id);
    const { id: decisionId, after, reason } = asked;
    const sources = [...new Set(asked.sources)];
    const made = store.transaction(() => {
      const reads = readsOf(reader, review, filmId);
      // A decision that arrives again is answered as it was, whatever readers signed since.
      const known = store.decisions.ofFilm(id, filmId).find((one) => one.id === decisionId);
      const whole = reads.map(wholly);
      const content = asked.settled ?? known?.settled ?? acceptedBy(review.plan, whole, sources);
      if (known === undefined) {
        refuseUnlessCounting(whole, sources);
        const frames = store.films.find(filmId)?.frames ?? null;
        checkSettled(content, { plan: review.plan, frames }, 'Nothing was decided.');
      }
      const { findings, answers, marks } = content;
      const own =
        known?.settled.own ??
        ownOf(
          content,
          whole.flatMap((one) => finalRead(one)?.content ?? []),
        );
      const compared = known?.settled.compared ?? reads.flatMap((one) => finalRead(one)?.id ?? []);
      const decided = store.decisions.append({
        id: decisionId,
        reviewId: id,
        filmId,
        adjudicator: reader.id,
        basis: asked.settled === null ? 'accept' : 'merge',
        sources,
        settled: { findings, answers, marks, own, compared },
        reason,
        createdAt: clock.now(),
        after,
      });
      store.adjudicationDrafts.remove({ reviewId: id, filmId, readerId: reader.id });
      return decided;
    });
    audit.record('adjudicate', filmId, {
      reviewId: id,
      reader: reader.id,
      basis: made.basis,
      number: made.number,
    });
    return made;
  }

  function saveDraft(
    reader: Reader,
    id: ReviewId,
    filmId: FilmId,
    { after, content }: DraftRequest,
  ): SavedDraft {
    files.refuseIfReadOnly();
    const { plan } = store.reviews.find(id);
    const place = { reviewId: id, filmId, readerId: reader.id };
    const saved = store.transaction(() => {
      readsOf(reader, store.reviews.find(id), filmId);
      const kept = store.adjudicationDrafts.find(place);
      const version = kept?.version ?? 0;
      // The answer to this very change was lost, and it is sent again.
      const isSame = kept !== null && JSON.stringify(kept.content) === JSON.stringify(content);
      if (isSame && version === after + 1) return { version, changedAt: kept.changedAt };
      if (version !== after) {
        throw saveConflict(
          'other-window',
          'This film was drawn on or settled in another window meanwhile. That is kept, and the last change here is not; open the film again to go on from there.',
          { newest: version, after },
        );
      }
      const { findings: said, answers, marks } = content;
      const findings = [...new Set([...Object.keys(said), ...marks.map(({ finding }) => finding)])];
      const frames = store.films.find(filmId)?.frames ?? null;
      checkSettled({ findings, answers, marks }, { plan, frames }, 'This change was not saved.');
      const next = { version: version + 1, changedAt: clock.now() };
      store.adjudicationDrafts.put(place, { content, ...next });
      return next;
    });
    audit.recordOnce('adjudicate', filmId, { reviewId: id, reader: reader.id, what: 'draft' });
    return saved;
  }

  return { list, compare, settle, saveDraft };
}

/** @throws ServiceError CONFLICT a source does not count any more */
function refuseUnlessCounting(
  reads: readonly ReaderReads<ReadingVersion>[],
  sources: readonly ReadingId[],
): void {
  const counting = new Set(reads.map((one) => finalRead(one)?.id));
  if (sources.every((source) => counting.has(source))) return;
  throw new ServiceError(
    'CONFLICT',
    'A reader signed this film anew, or took the read up again, since you opened it. Nothing was decided; look at it again.',
    { reason: 'other-window' },
  );
}

/** One read as it was signed. @throws ServiceError CONFLICT as above; BAD_INPUT more than one is named */
function acceptedBy(
  plan: ReviewPlan,
  reads: readonly ReaderReads<ReadingVersion>[],
  sources: readonly ReadingId[],
): SettledContent {
  refuseUnlessCounting(reads, sources);
  const [source] = sources;
  const read = reads.map((one) => finalRead(one)).find((one) => one?.id === source) ?? null;
  if (sources.length !== 1 || read === null) {
    throw new ServiceError('BAD_INPUT', 'Accept one read, or put together what shall count.');
  }
  const { answers, marks } = read.content;
  return { findings: [...findingsOf(read.content, plan)], answers, marks };
}
