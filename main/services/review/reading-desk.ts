/**
 * @file One reader at one film: what stands there, and the steps that add a version. Steps are idempotent: one that arrives
 * again is told apart from one that came too late. The review service calls it with the reader who signed in.
 */
import type { ModelFindings, Reading, Saved } from '../../../shared/contract/review-session.ts';
import type { Reader, ReadingContent, ReviewPlan } from '../../../shared/contract/review.ts';
import type { Prediction } from '../../../shared/contract/inference.ts';
import type { FilmId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { seesModel, stageAfter, type ReadingStage, type ReadingStep } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { saveConflict, type KeptVersion, type ReviewRow } from '../../store/reviews.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, Clock, InferenceService } from '../service-types.ts';
import { checkContent, checkSigning } from './check-content.ts';
import { filmNow, ownOrder, standing } from './review-views.ts';

/** A step as the window sends it. `content` null: what the version before says (reveal, revise). */
export interface AskedStep {
  readonly reviewId: ReviewId;
  readonly filmId: FilmId;
  readonly id: ReadingId;
  readonly after: number;
  readonly content: ReadingContent | null;
}

export interface DeskDeps {
  readonly library: OpenLibrary;
  readonly clock: Clock;
  readonly predict: InferenceService['predict'];
}

type ModelState = Reading['model'];

export interface ReadingDesk {
  open(reader: Reader, reviewId: ReviewId, filmId: FilmId): Reading;
  take(reader: Reader, step: ReadingStep, asked: AskedStep): Saved;
  model(reader: Reader, reviewId: ReviewId, filmId: FilmId, context: CallContext): Promise<ModelFindings>;
}

export function createReadingDesk({ library, clock, predict }: DeskDeps): ReadingDesk {
  const { store, files, audit } = library;

  function modelState({ blinding, runId }: ReviewPlan, stage: ReadingStage | null): ModelState {
    if (blinding === 'hidden') return 'hidden';
    if (runId === null || store.runs.find(runId) === null) return 'missing';
    return seesModel(stage, blinding) ? 'visible' : 'after-read';
  }

  function open(reader: Reader, reviewId: ReviewId, filmId: FilmId): Reading {
    const review = store.reviews.find(reviewId);
    const { blinding } = review.plan;
    const rows = ownOrder(store, reviewId, reader);
    const at = rows.findIndex((row) => row.filmId === filmId);
    const stage = rows[at]?.stage ?? null;
    if (at < 0) {
      throw new ServiceError('NOT_FOUND', 'This film is not on your list of this session.', { filmId });
    }
    const onwards = [...rows.slice(at + 1), ...rows.slice(0, at)];
    const stands = standing(store, review.plan);
    const unfinished = onwards.find((other) => !other.isMissing && stands(other.stage) !== 'done');
    const place = { reviewId, readerId: reader.id, filmId };
    const newest = store.reviews.newest(place);
    const film = filmNow(store, filmId);
    const isOpen = review.closedAt === null && !files.readOnly;
    const can = (step: ReadingStep): boolean => isOpen && stageAfter(step, stage, blinding) !== null;
    return {
      reviewId,
      filmId,
      film,
      position: at,
      films: rows.length,
      previous: rows[at - 1]?.filmId ?? null,
      next: rows[at + 1]?.filmId ?? null,
      nextUnfinished: unfinished?.filmId ?? null,
      state: stands(stage),
      stage,
      version: newest?.number ?? 0,
      content: newest?.content ?? null,
      history: store.reviews
        .stepsOf(place)
        .map(({ id, number, stage: of, createdAt }) => ({ id, number, stage: of, createdAt })),
      blinding,
      model: modelState(review.plan, stage),
      may: {
        save: can('save'),
        sign: can('sign') && film !== null,
        reveal: can('reveal') && film !== null && modelState(review.plan, 'revealed') === 'visible',
        revise: can('revise'),
      },
      closedAt: review.closedAt,
    };
  }

  function refuseClosed({ closedAt }: ReviewRow): void {
    if (closedAt === null) return;
    throw saveConflict(
      'closed',
      'This session was closed. What was saved before is kept; an owner can open it again.',
    );
  }

  /** What must hold for a new version, beside what the store itself holds. @throws ServiceError */
  function refuseUnfit(review: ReviewRow, step: ReadingStep, asked: AskedStep, said: Said): void {
    refuseClosed(review);
    const { plan } = review;
    const film = store.films.find(asked.filmId);
    if (film === null && (step === 'sign' || step === 'reveal')) {
      throw new ServiceError(
        'NOT_FOUND',
        'This film is not in the library any more, so it cannot be signed. What you said is kept; an owner can import the film again.',
        { filmId: asked.filmId },
      );
    }
    const run = plan.runId === null ? null : store.runs.find(plan.runId);
    if (step === 'reveal' && run === null) {
      throw new ServiceError(
        'NOT_FOUND',
        'The model of this session is not in the library any more. Your signed read is kept; nothing was changed.',
        { runId: plan.runId },
      );
    }
    const { content, stage } = said;
    const modelFindings = run?.config.findings ?? null;
    if (step === 'save' || step === 'sign') {
      checkContent(content, { plan, stage, frames: film?.frames ?? null, modelFindings });
    }
    if (step === 'sign') checkSigning(content, plan);
  }

  function stageOf(review: ReviewRow, step: ReadingStep, base: ReadingStage | null): ReadingStage {
    const stage = stageAfter(step, base, review.plan.blinding);
    if (stage !== null) return stage;
    const isSigned = base === 'read' || base === 'revised';
    if (isSigned && (step === 'save' || step === 'sign')) {
      throw saveConflict(
        'signed',
        'This film is signed. The signed read is kept; take it up again to change it.',
        { stage: base },
      );
    }
    throw saveConflict(
      'step',
      step === 'reveal'
        ? 'The model is shown after the first read is signed, in sessions that show it then. Nothing was changed.'
        : 'Only a signed read can be taken up again. Nothing was changed.',
      { stage: base },
    );
  }

  function append(reader: Reader, step: ReadingStep, asked: AskedStep): KeptVersion & { newest: number } {
    const { reviewId, filmId, id, after } = asked;
    const review = store.reviews.find(reviewId);
    const place = { reviewId, readerId: reader.id, filmId };
    if (!store.reviews.isListed(place)) {
      throw new ServiceError('NOT_FOUND', 'This film is not on your list of this session.', { filmId });
    }
    const base = after === 0 ? null : store.reviews.numbered(place, after);
    const newest = store.reviews.newest(place)?.number ?? 0;
    if (after > 0 && base === null) {
      throw saveConflict(
        'ahead',
        'A change before this one has not arrived. What was saved is kept; send the earlier one again first.',
        { newest, after },
      );
    }
    const stage = stageOf(review, step, base?.stage ?? null);
    const content = asked.content ?? base?.content;
    if (content === undefined) throw new Error('a step without content follows a version');
    // A step that was kept before is answered as it was, even when the session is closed by now.
    if (newest === after) refuseUnfit(review, step, asked, { content, stage });
    const kept = store.reviews.append({ ...place, id, after, stage, content, createdAt: clock.now() });
    return { ...kept, newest: Math.max(newest, kept.number) };
  }

  return {
    open,
    take(reader, step, asked) {
      files.refuseIfReadOnly();
      const kept = store.transaction(() => append(reader, step, asked));
      if (kept.outcome === 'kept') {
        const detail = { reviewId: asked.reviewId, reader: reader.id, step };
        // Every signature is told; that a film is being read, once a session of the app.
        if (step === 'save') audit.recordOnce('annotate', asked.filmId, detail);
        else audit.record('annotate', asked.filmId, detail);
      }
      const { outcome, number, newest, stage, createdAt } = kept;
      return { outcome, number, newest, stage, savedAt: createdAt };
    },
    async model(reader, reviewId, filmId, context) {
      const { plan } = store.reviews.find(reviewId);
      const { stage, film } = open(reader, reviewId, filmId);
      const state = modelState(plan, stage);
      if (state === 'hidden' || state === 'after-read') {
        throw new ServiceError(
          'NOT_ALLOWED',
          state === 'hidden'
            ? 'This session keeps the model hidden.'
            : 'The model is shown after you sign the first read and ask for it.',
          { model: state },
        );
      }
      if (state === 'missing' || plan.runId === null) {
        throw new ServiceError(
          'NOT_FOUND',
          'The model of this session is not in the library any more. Your readings are kept.',
          { runId: plan.runId },
        );
      }
      if (film === null) {
        throw new ServiceError('NOT_FOUND', 'This film is not in the library any more.', { filmId });
      }
      return modelView(plan, await predict({ runId: plan.runId, filmId, attention: [] }, context));
    },
  };
}

interface Said {
  readonly content: ReadingContent;
  readonly stage: ReadingStage;
}

type Scored = Prediction['t2'];

function judged({ score, threshold, uncertain }: Scored) {
  return { score, threshold, uncertain, positive: threshold === null ? null : score >= threshold };
}

function modelView(
  { findings }: ReviewPlan,
  prediction: Awaited<ReturnType<InferenceService['predict']>>,
): ModelFindings {
  const known = new Map(prediction.t1.map((one) => [one.name, one]));
  return {
    runId: prediction.runId as ModelFindings['runId'],
    runName: prediction.runName,
    resolution: prediction.resolution,
    abnormal: judged(prediction.t2),
    findings: findings.flatMap((finding) => {
      const one = known.get(finding);
      return one === undefined ? [] : [{ finding, ...judged(one) }];
    }),
    unknown: findings.filter((finding) => !known.has(finding)),
  };
}
