/** @file What DICOM objects are made of: a session's signed reads and decisions, drawings of the reading room, scores of a run. */
import type { SignedRead } from '../../dicom/objects/signed-read.ts';
import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { ReadingVersion, Review } from '../../../shared/contract/review.ts';
import type { ReadChoice } from '../../../shared/domain/exchange.ts';
import type { ReviewId } from '../../../shared/domain/ids.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import type { FinishedRun } from '../inference/finished-run.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { decisionWords, settledBy } from '../review/decision-words.ts';
import type { InferenceService } from '../service-types.ts';
import type { ObjectSource } from './dicom-export.ts';
import { chosenRead, filmsOfReview } from './gather-annotations.ts';

/** Signed reads of a session. @throws ServiceError NOT_FOUND */
export function ofReview({ store }: OpenLibrary, id: ReviewId, reads: ReadChoice): ObjectSource {
  const review = store.reviews.find(id);
  const readers = store.reviews.readersOf(id);
  const people = new Map(store.readers.all().map((one) => [one.id, one.name]));
  return {
    films: filmsOfReview(store, id),
    asks: false,
    said(filmId) {
      const said = readers.flatMap((reader, no) => {
        const read = chosenRead(store.reviews.versions(id, reader.id, filmId), reads);
        return read === null ? [] : [{ as: String(no + 1), what: told(review, reader.name, read) }];
      });
      // A decision is made on the last reads; beside first reads it would be taken for one of them.
      const decision = reads === 'last' ? store.decisions.ofFilm(id, filmId).at(-1) : undefined;
      if (decision !== undefined) {
        const name = people.get(decision.adjudicator) ?? decision.adjudicator;
        said.push({ as: 'settled', what: decided(review, name, decision) });
      }
      return Promise.resolve(said);
    },
    none: {
      nothing: 'No read of the session is signed yet',
      unmarked: 'No signed read of the session has a mark to draw',
    },
  };
}

/** What was drawn in the reading room: shapes that nobody named, with their words. */
export function ofReadingRoom({ store }: OpenLibrary): ObjectSource {
  return {
    films: store.films.names().map(({ id }) => id),
    asks: false,
    said: (filmId) => {
      const film = store.films.find(filmId);
      const kept = film === null ? null : store.annotations.find(film.no);
      if (kept === null || kept.shapes.length === 0) return Promise.resolve([]);
      const what: SignedRead = {
        reviewId: 'reading room',
        readerId: 'reading room',
        versionId: `${filmId} ${kept.version}`,
        reviewName: 'Reading room',
        readerName: 'Not recorded', // whoever has the window open draws
        signedAt: kept.changedAt,
        findings: [],
        marks: kept.shapes.map((shape) => ({ finding: '', shape, confidence: null })),
        comments: [],
        keyFrames: [],
      };
      return Promise.resolve([{ as: '1', what }]);
    },
    none: {
      nothing: 'Nothing was drawn on a film in the reading room yet',
      unmarked:
        'What was drawn in the reading room has no area to report; export it as presentation states (gsps)',
    },
  };
}

/** What a run says of every film, asked where it has not been yet. */
export function ofRun(
  { store }: OpenLibrary,
  { run, weightsSha256 }: FinishedRun,
  predict: InferenceService['predict'],
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): ObjectSource {
  return {
    films: store.films.names().map(({ id }) => id),
    asks: true,
    async said(filmId) {
      const { t1, t2 } = await predict({ runId: run.id, filmId, attention: [] }, { signal });
      const scores = [
        { finding: 'Abnormal', score: t2.score },
        ...t1.map(({ name, score }) => ({ finding: name, score })),
      ];
      // as old as the model, so that the same scores make the same object
      const at = run.endedAt ?? now;
      return [{ as: '1', what: { runId: run.id, name: run.name, weightsSha256, at, scores } }];
    },
    none: { nothing: 'There is no film to report on', unmarked: 'There is nothing to draw' },
  };
}

function told({ id, name, plan }: Review, readerName: string, version: ReadingVersion): SignedRead {
  const { content } = version;
  const verdicts = content.verdicts.map(
    ({ finding, verdict, note }) => `Model’s ${finding}: ${verdict}${note === '' ? '' : `, ${note}`}`,
  );
  return {
    reviewId: id,
    readerId: version.readerId,
    versionId: version.id,
    reviewName: name,
    readerName,
    signedAt: version.createdAt,
    findings: plan.findings.map((finding) => ({ name: finding, isPresent: saysFinding(content, finding) })),
    marks: content.marks,
    comments: [
      ...answerWords(plan, content.answers),
      ...verdicts,
      ...(content.note === '' ? [] : [content.note]),
    ],
    keyFrames: content.keyFrames,
  };
}

/** A decision as a report of its adjudicator's, with how it came about among the comments. */
function decided({ id, name, plan }: Review, adjudicator: string, decision: Decision): SignedRead {
  const { findings, answers, marks } = decision.settled;
  return {
    reviewId: id,
    readerId: decision.adjudicator,
    versionId: decision.id,
    reviewName: name,
    readerName: settledBy(adjudicator),
    signedAt: decision.createdAt,
    findings: plan.findings.map((finding) => ({ name: finding, isPresent: findings.includes(finding) })),
    marks,
    comments: [...answerWords(plan, answers), decisionWords(decision, plan)],
    keyFrames: [],
  };
}

function answerWords({ questions }: Review['plan'], given: Readonly<Record<string, number>>): string[] {
  return questions.flatMap((question) => {
    const answer = question.answers[given[question.id] ?? -1];
    return answer === undefined ? [] : [`${question.text} ${answer}`];
  });
}
