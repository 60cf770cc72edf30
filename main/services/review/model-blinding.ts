/**
 * @file Films of open sessions that are still to be read without a model: their scores stay away from whoever could read them. What
 * asks for a film's scores anywhere but in the session itself goes through this; compose.ts wires it.
 */
import type { ExportRequest } from '../../../shared/contract/exchange.ts';
import type { AuditDetail } from '../../../shared/domain/audit.ts';
import type { FilmId, ReviewId } from '../../../shared/domain/ids.ts';
import { isBlind } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { AwaitedRead } from '../../store/reviews.ts';
import type { Store } from '../../store/store.ts';
import { filmsOfReview } from '../exchange/gather-annotations.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { EvaluationService, ExchangeService, InferenceService } from '../service-types.ts';
import type { SignIn } from './sign-in.ts';

/** An open session that has some films still to be read without a model. */
export interface BlindRound {
  readonly reviewId: ReviewId;
  readonly reviewName: string;
  readonly films: number;
}

export interface ModelBlinding {
  /** True while a reader is still to read the film without the model, and `token` is not of one who may look all the same. */
  hides(filmId: FilmId, token: string | null): boolean;
  /** Leaves a trace where an owner looks at a film that is still to be read. @throws ServiceError NOT_ALLOWED saying why and until when */
  refuse(filmId: FilmId, token: string | null): void;
  /** The same for many at once, without the trace. @param filmIds null = every film of the library @param words what was not done */
  refuseAny(filmIds: readonly FilmId[] | null, token: string | null, words?: string): void;
}

const NOT_WRITTEN =
  'Nothing was written. Their scores go out when all have read them or the session is closed.';
/** For a comparison of scores. */
export const NOT_COMPARED =
  'Nothing was compared. What the model says of them is told when all have read them or the session is closed.';

/** For who may have the scores all the same. */
export function roundWords({ reviewName, films }: BlindRound): string {
  const are = films === 1 ? '1 film is' : `${films} films are`;
  return `${are} still to be read without a model in "${reviewName}": keep these scores from its readers.`;
}

/** What the audit trail says of scores that were had of such films. */
export function roundTrace({ reviewId, films }: BlindRound): AuditDetail {
  return { what: 'scores of films that are still to be read', reviewId, films };
}

function awaitedReads(store: Store, filmId: FilmId): readonly AwaitedRead[] {
  return store.reviews.readsOf(filmId).filter(({ stage, blinding }) => isBlind(stage, blinding));
}

/** Those of the asked films, by session. */
function awaitedBySession(store: Store, filmIds: readonly FilmId[] | null) {
  const asked = filmIds === null ? null : new Set(filmIds);
  const films = store.reviews.filmsOfOpen().filter((id) => asked?.has(id) ?? true);
  const reads = films.flatMap((filmId) => awaitedReads(store, filmId).map((read) => ({ ...read, filmId })));
  return [...Map.groupBy(reads, ({ reviewId }) => reviewId).values()];
}

/** Open sessions in which the films are still to be read without a model. @param filmIds null = every film of the library */
export function blindRounds(store: Store, filmIds: readonly FilmId[] | null): readonly BlindRound[] {
  return awaitedBySession(store, filmIds).flatMap((reads) => {
    const [first] = reads;
    if (first === undefined) return [];
    const { reviewId, reviewName } = first;
    return [{ reviewId, reviewName, films: new Set(reads.map(({ filmId }) => filmId)).size }];
  });
}

export function createModelBlinding(
  { store, audit }: Pick<OpenLibrary, 'store' | 'audit'>,
  signIn: Pick<SignIn, 'who'>,
): ModelBlinding {
  const awaited = (filmId: FilmId) => awaitedReads(store, filmId);

  /** An owner who reads the film in none of these sessions. */
  function mayLook(filmId: FilmId, token: string | null): boolean {
    const who = token === null ? null : signIn.who(token);
    if (who === null) return false;
    const own = store.reviews.readsOf(filmId).filter(({ readerId }) => readerId === who.id);
    // Who has read it, and was shown the model where the session shows it, is told nothing new.
    return own.length === 0
      ? who.role === 'owner'
      : own.every(({ stage, blinding }) => !isBlind(stage, blinding));
  }

  const hides = (filmId: FilmId, token: string | null): boolean =>
    awaited(filmId).length > 0 && !mayLook(filmId, token);

  const readersLeft = (waiting: readonly AwaitedRead[]): string => {
    const readers = new Set(waiting.map(({ readerId }) => readerId)).size;
    return readers === 1 ? 'one reader has' : `${readers} readers have`;
  };

  return {
    hides,
    refuseAny(filmIds, token, words = NOT_WRITTEN) {
      for (const reads of awaitedBySession(store, filmIds)) {
        const hidden = reads.filter(({ filmId }) => !mayLook(filmId, token));
        const [first] = hidden;
        if (first === undefined) continue;
        const films = new Set(hidden.map(({ filmId }) => filmId)).size;
        throw new ServiceError(
          'NOT_ALLOWED',
          `"${first.reviewName}" has ${films} of these films read without a model, and ${readersLeft(hidden)} not done so yet. ${words}`,
          { films, reviewId: first.reviewId },
        );
      }
    },
    refuse(filmId, token) {
      const waiting = awaited(filmId);
      const [first] = waiting;
      if (first === undefined) return;
      if (mayLook(filmId, token)) {
        audit.recordOnce('view', filmId, {
          what: 'scores of a film that is still to be read',
          reviewId: first.reviewId,
        });
        return;
      }
      throw new ServiceError(
        'NOT_ALLOWED',
        `"${first.reviewName}" has this film read without a model, and ${readersLeft(waiting)} not done so yet. Its scores are shown in the session when their time has come, and here when all have read it or the session is closed.`,
        { filmId, reviewId: first.reviewId },
      );
    },
  };
}

/** Refuses scores and figures of films that are still to be read without a model. NOT_ALLOWED, told why. */
export function blindedInference(service: InferenceService, blinding: ModelBlinding): InferenceService {
  return {
    ...service,
    async predict(input, context) {
      blinding.refuse(input.filmId, input.token ?? null);
      return await service.predict(input, context);
    },
    async figure(input, context) {
      for (const film of input.films) blinding.refuse(film, input.token ?? null);
      return await service.figure(input, context);
    },
  };
}

/** Leaves such films out of the lists of films worth opening. */
export function blindedEvaluation(service: EvaluationService, blinding: ModelBlinding): EvaluationService {
  return {
    ...service,
    async cases(input, context) {
      const rows = await service.cases(input, context);
      return rows.filter(({ filmId }) => !blinding.hides(filmId as FilmId, null));
    },
  };
}

/** Films whose scores the export holds; null = every film of the library. */
export function scoredFilms(
  store: Store,
  { what, reviewId, runId }: Pick<ExportRequest, 'what' | 'reviewId' | 'runId'>,
): readonly FilmId[] | null {
  if (what === 'predictions') return reviewId === null ? null : filmsOfReview(store, reviewId);
  return what === 'sr' && reviewId === null && runId !== null ? null : [];
}

/** Keeps scores that came from elsewhere away from such films. */
export function blindedExchange(service: ExchangeService, blinding: ModelBlinding): ExchangeService {
  return {
    ...service,
    filmScores: (input, context) =>
      blinding.hides(input.filmId, input.token) ? Promise.resolve([]) : service.filmScores(input, context),
  };
}
