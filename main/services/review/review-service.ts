/**
 * @file Review sessions as the window asks for them. Every call is made by the reader whose token it brings; what that reader
 * may do is decided here and in reading-desk.ts.
 */
import type { ReviewSummary } from '../../../shared/contract/review-session.ts';
import type { Reader } from '../../../shared/contract/review.ts';
import type { ReviewId } from '../../../shared/domain/ids.ts';
import { mayAct } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { CallContext, ReviewService } from '../service-types.ts';
import { createAdjudication } from './adjudication.ts';
import { agreementView } from './agreement-view.ts';
import { finalRead, finalReads, finalReadsOf } from './final-reads.ts';
import { createReadingDesk, type DeskDeps } from './reading-desk.ts';
import { refuseUnlessMay } from './readers-service.ts';
import { labelSummary, makeLabelVersion } from './reviewed-labels.ts';
import {
  filmNow,
  filmView,
  mayCompare,
  mayCompareAll,
  ownList,
  refuseUnlessMayCompare,
  standing,
  summaryView,
  worklistView,
} from './review-views.ts';
import type { SignIn } from './sign-in.ts';
import { startReview } from './start-review.ts';

export interface ReviewDeps extends DeskDeps {
  readonly signIn: Pick<SignIn, 'reader'>;
}

export function createReviewService(deps: ReviewDeps): ReviewService {
  const { library, clock, signIn } = deps;
  const { store, files, audit } = library;
  const desk = createReadingDesk(deps);
  const adjudication = createAdjudication(library, clock);

  const view = (id: ReviewId, reader: Reader): ReviewSummary =>
    summaryView(store, store.reviews.find(id), reader);

  function setClosed(token: string, id: ReviewId, close: boolean): ReviewSummary {
    files.refuseIfReadOnly();
    const owner = signIn.reader(token);
    refuseUnlessMay(owner, 'manage');
    const { closedAt } = store.reviews.find(id);
    if ((closedAt !== null) !== close) {
      store.reviews.setClosed(id, close ? clock.now() : null);
      audit.record('review', id, { what: close ? 'closed' : 'opened again', by: owner.id });
    }
    return view(id, owner);
  }

  return {
    create({ token, ...request }) {
      files.refuseIfReadOnly();
      const owner = signIn.reader(token);
      refuseUnlessMay(owner, 'manage');
      const { id } = startReview(store, clock, request);
      audit.record('review', id, { what: 'created', by: owner.id });
      return view(id, owner);
    },
    list({ token }) {
      const reader = signIn.reader(token);
      const all = store.reviews.all().map((row) => summaryView(store, row, reader));
      return all.filter(({ isMine }) => isMine || mayAct(reader.role, 'adjudicate')).reverse();
    },
    worklist({ token, reviewId, ...asked }) {
      const rows = ownList(store, reviewId, signIn.reader(token));
      return worklistView(rows, standing(store, store.reviews.find(reviewId).plan), asked);
    },
    open: ({ token, reviewId, filmId }) => desk.open(signIn.reader(token), reviewId, filmId),
    version({ token, reviewId, readingId }) {
      const reader = signIn.reader(token);
      const review = store.reviews.find(reviewId);
      const version = store.reviews.version(readingId);
      if (version?.reviewId !== reviewId) {
        throw new ServiceError('NOT_FOUND', 'There is no such version in this session.', { readingId });
      }
      refuseUnlessMayCompare(store, review, reader, version);
      const counts = finalReadsOf(store, reviewId, version.filmId).some(
        ({ first, revised }) => first?.id === readingId || revised?.id === readingId,
      );
      if (version.readerId !== reader.id && !counts) {
        throw new ServiceError(
          'NOT_ALLOWED',
          'This version is not a signed read that counts, so it is shown to its reader only.',
          { readingId },
        );
      }
      return version;
    },
    model: ({ token, reviewId, filmId }, context: CallContext) =>
      desk.model(signIn.reader(token), reviewId, filmId, context),
    save: ({ token, ...asked }) => desk.take(signIn.reader(token), 'save', asked),
    sign: ({ token, ...asked }) => desk.take(signIn.reader(token), 'sign', asked),
    reveal: ({ token, ...asked }) => desk.take(signIn.reader(token), 'reveal', { ...asked, content: null }),
    revise: ({ token, ...asked }) => desk.take(signIn.reader(token), 'revise', { ...asked, content: null }),
    keyImages({ token, reviewId }) {
      const reader = signIn.reader(token);
      const review = store.reviews.find(reviewId);
      const readers = store.reviews.readersOf(reviewId);
      const me = readers.find(({ id }) => id === reader.id);
      const own = store.reviews.flagged(reviewId).flatMap(({ version, film }) => {
        if (me === undefined || version.readerId !== me.id) return [];
        const { filmId, content } = version;
        const of = { filmId, film: filmView(film), reader: me, note: content.note };
        return content.keyFrames.map((frame) => ({ ...of, frame }));
      });
      // Of others what they signed: what is still being said is theirs alone.
      const others = [...finalReads(store, reviewId)].flatMap(([filmId, reads]) => {
        if (!mayCompare(store, review, reader, filmId)) return [];
        return reads.flatMap((one) => {
          const read = one.reader.id === reader.id ? null : finalRead(one);
          if (read === null || (store.reviews.said(read.id)?.keyFrames.length ?? 0) === 0) return [];
          const content = store.reviews.version(read.id)?.content;
          const of = { filmId, film: filmNow(store, filmId), reader: one.reader, note: content?.note ?? '' };
          return (content?.keyFrames ?? []).map((frame) => ({ ...of, frame }));
        });
      });
      const order = new Map(readers.map(({ id }, at) => [id, at]));
      const place = ({ reader: by }: (typeof own)[number]): number => order.get(by.id) ?? 0;
      return [...own, ...others].sort((a, b) => place(a) - place(b));
    },
    agreement({ token, reviewId, ...request }) {
      const reader = signIn.reader(token);
      const review = store.reviews.find(reviewId);
      if (review.closedAt === null && !mayCompareAll(store, review, reader)) {
        throw new ServiceError(
          'NOT_ALLOWED',
          mayAct(reader.role, 'adjudicate')
            ? 'Sign your own reads of this session first; then how far readers agree is shown.'
            : 'How far readers agree is shown to adjudicators and owners; to readers once the session is closed.',
        );
      }
      return agreementView(store, clock, reviewId, request);
    },
    settlements: ({ token, reviewId, ...query }) => adjudication.list(signIn.reader(token), reviewId, query),
    compare: ({ token, reviewId, filmId }) => adjudication.compare(signIn.reader(token), reviewId, filmId),
    settle: ({ token, reviewId, filmId, ...asked }) =>
      adjudication.settle(signIn.reader(token), reviewId, filmId, asked),
    saveDraft: ({ token, reviewId, filmId, ...asked }) =>
      adjudication.saveDraft(signIn.reader(token), reviewId, filmId, asked),
    previewLabels({ token, reviewId, ...rules }) {
      refuseUnlessMay(signIn.reader(token), 'manage');
      return labelSummary(store, reviewId, rules);
    },
    makeLabels({ token, reviewId, ...request }) {
      files.refuseIfReadOnly();
      const owner = signIn.reader(token);
      refuseUnlessMay(owner, 'manage');
      const made = makeLabelVersion(store, clock, reviewId, owner.id, request);
      audit.record('label', made.id, { reviewId, by: owner.id, films: made.films });
      return made;
    },
    rename({ token, reviewId, name }) {
      files.refuseIfReadOnly();
      const owner = signIn.reader(token);
      refuseUnlessMay(owner, 'manage');
      if (store.reviews.find(reviewId).name !== name) {
        store.reviews.setName(reviewId, name);
        audit.record('review', reviewId, { what: 'renamed', by: owner.id });
      }
      return view(reviewId, owner);
    },
    close: ({ token, reviewId }) => setClosed(token, reviewId, true),
    reopen: ({ token, reviewId }) => setClosed(token, reviewId, false),
  };
}
