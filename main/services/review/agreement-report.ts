/**
 * @file How far the readers of a session agree: each finding and question by pair and over all, boxes by their overlap, and
 * each reader without and with the model. Only signed reads count; a film counts where both readers signed it.
 */
import type { Reader, ReadingContent, ReviewQuestion } from '../../../shared/contract/review.ts';
import type { Box } from '../../../shared/domain/geometry.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { firstRead, revisedRead, saysFinding } from '../../../shared/domain/review.ts';
import { boundsOf, isRegion } from '../../../shared/domain/shape.ts';
import {
  boxAgreement,
  matchBoxes,
  type BoxAgreement,
  type BoxMatch,
} from '../../numeric/metrics/agreement-boxes.ts';
import { readerChange, type ReaderChange } from '../../numeric/metrics/agreement-change.ts';
import { cohenKappa, fleissKappa, type Kappa, type KappaWeights } from '../../numeric/metrics/agreement.ts';
import { readerTimes, type ReaderTimes } from './reading-times.ts';
import type { VersionStep } from '../../store/reviews.ts';
import type { Store } from '../../store/store.ts';

/** first: signed before the model was revealed; revised: signed with it in sight. */
export type ReadPhase = 'first' | 'revised';

export interface PairAgreement {
  readonly a: ReaderId;
  readonly b: ReaderId;
  readonly kappa: Kappa;
}

export interface FindingAgreement {
  readonly finding: string;
  readonly pairs: readonly (PairAgreement & { readonly boxes: BoxAgreement })[];
  /** Over all readers; films that at least two of them signed. */
  readonly fleiss: Kappa;
}

export interface QuestionAgreement {
  readonly questionId: string;
  /** Quadratic where the answers are ordered, for the pairs; the figure over all readers has none. */
  readonly weights: KappaWeights;
  readonly pairs: readonly PairAgreement[];
  readonly fleiss: Kappa;
}

export interface ModelEffect {
  readonly reader: ReaderId;
  readonly finding: string;
  readonly change: ReaderChange;
}

export interface AgreementReport {
  readonly phase: ReadPhase;
  readonly readers: readonly Reader[];
  /** Signed films of each reader, in the order of `readers`. */
  readonly signed: readonly number[];
  /** Films that anyone signed. */
  readonly signedFilms: readonly FilmId[];
  readonly findings: readonly FindingAgreement[];
  readonly questions: readonly QuestionAgreement[];
  /** Films that a reader signed twice and whose reference is known; empty without any. */
  readonly modelEffects: readonly ModelEffect[];
  /** null = the session counts no time. */
  readonly times: readonly (ReaderTimes & { readonly reader: ReaderId })[] | null;
}

/** Whether a finding is truly on a film; null = not known. */
export type Reference = (film: FilmId, finding: string) => boolean | null;

type Reads = ReadonlyMap<FilmId, ReadingContent>;

/** @throws ServiceError NOT_FOUND; MetricsError `leastIou` is not within (0, 1] */
export function agreementReport(
  store: Store,
  id: ReviewId,
  { phase, leastIou, reference }: { phase: ReadPhase; leastIou: number; reference: Reference },
): AgreementReport {
  const { plan } = store.reviews.find(id);
  const readers = store.reviews.readersOf(id);
  const steps = Map.groupBy(store.reviews.steps(id), ({ readerId }) => readerId);
  const readsOf = (reader: ReaderId, of: ReadPhase): Reads => signedReads(store, steps.get(reader) ?? [], of);
  const reads = readers.map((reader) => readsOf(reader.id, phase));
  const other = readers.map((reader) => readsOf(reader.id, phase === 'first' ? 'revised' : 'first'));
  const [first, revised] = phase === 'first' ? [reads, other] : [other, reads];
  const pairs = readers.flatMap((a, i) => readers.slice(i + 1).map((b, j) => ({ a, b, i, j: i + 1 + j })));

  function kappas(categories: number, weights: KappaWeights, answerOf: AnswerOf) {
    const ofPair = (i: number, j: number): Kappa => {
      const both = bothAnswered(reads[i] ?? new Map(), reads[j] ?? new Map(), answerOf);
      return cohenKappa(both.a, both.b, categories, weights);
    };
    return { ofPair, fleiss: fleissKappa(answersByFilm(reads, answerOf), categories) };
  }

  return {
    phase,
    readers,
    signed: reads.map((films) => films.size),
    signedFilms: [...new Set(reads.flatMap((films) => [...films.keys()]))],
    findings: plan.findings.map((finding) => {
      const { ofPair, fleiss } = kappas(2, 'none', (content) => hasFinding(content, finding));
      const agreed = pairs.map(({ a, b, i, j }) => ({
        a: a.id,
        b: b.id,
        kappa: ofPair(i, j),
        boxes: boxesOfReads(reads[i] ?? new Map(), reads[j] ?? new Map(), finding, leastIou),
      }));
      return { finding, pairs: agreed, fleiss };
    }),
    questions: plan.questions.map((question) => {
      const weights = weightsOf(question);
      const answerOf: AnswerOf = (content) => content.answers[question.id] ?? null;
      const { ofPair, fleiss } = kappas(question.answers.length, weights, answerOf);
      const agreed = pairs.map(({ a, b, i, j }) => ({ a: a.id, b: b.id, kappa: ofPair(i, j) }));
      return { questionId: question.id, weights, pairs: agreed, fleiss };
    }),
    modelEffects: readers.flatMap((reader, index) =>
      plan.findings.flatMap((finding) => {
        const change = modelEffect(
          first[index] ?? new Map(),
          revised[index] ?? new Map(),
          finding,
          reference,
        );
        return change.films === 0 ? [] : [{ reader: reader.id, finding, change }];
      }),
    ),
    times: !plan.timed
      ? null
      : readers.map(({ id: reader }, index) => ({
          reader,
          ...readerTimes(first[index] ?? new Map(), revised[index] ?? new Map(), plan.blinding),
        })),
  };
}

/** The answer's index; null = not answered. */
type AnswerOf = (content: ReadingContent) => number | null;

function weightsOf({ ordered, answers }: ReviewQuestion): KappaWeights {
  return ordered && answers.length > 2 ? 'quadratic' : 'none';
}

function hasFinding(content: ReadingContent, finding: string): 0 | 1 {
  return saysFinding(content, finding) ? 1 : 0;
}

function signedReads(store: Store, steps: readonly VersionStep[], phase: ReadPhase): Reads {
  const choose = phase === 'first' ? firstRead : revisedRead;
  const reads = new Map<FilmId, ReadingContent>();
  for (const [film, versions] of Map.groupBy(steps, ({ filmId }) => filmId)) {
    const chosen = choose(versions);
    const said = chosen === null ? null : store.reviews.said(chosen.id);
    if (said !== null) reads.set(film, said);
  }
  return reads;
}

function bothAnswered(
  a: Reads,
  b: Reads,
  answerOf: AnswerOf,
): { readonly a: number[]; readonly b: number[] } {
  const both: { readonly a: number[]; readonly b: number[] } = { a: [], b: [] };
  for (const [film, content] of a) {
    const others = b.get(film);
    const answer = answerOf(content);
    const other = others === undefined ? null : answerOf(others);
    if (answer === null || other === null) continue;
    both.a.push(answer);
    both.b.push(other);
  }
  return both;
}

function answersByFilm(reads: readonly Reads[], answerOf: AnswerOf): readonly (readonly number[])[] {
  const films = new Set(reads.flatMap((of) => [...of.keys()]));
  return [...films].map((film) =>
    reads.flatMap((of) => {
      const content = of.get(film);
      const answer = content === undefined ? null : answerOf(content);
      return answer === null ? [] : [answer];
    }),
  );
}

/** Boxes around the regions of a finding, each frame of a film by itself. */
function boxesOf({ marks }: ReadingContent, finding: string): ReadonlyMap<number, readonly Box[]> {
  const regions = marks.filter((mark) => mark.finding === finding && isRegion(mark.shape.kind));
  const frames = Map.groupBy(regions, ({ shape }) => shape.frame);
  return new Map(
    [...frames].map(([frame, list]) => [frame, list.map(({ shape }) => boundsOf(shape.points))]),
  );
}

/** On one film: boxes of a finding paired frame by frame. */
export function boxesOfPair(
  a: ReadingContent,
  b: ReadingContent,
  finding: string,
  leastIou: number,
): BoxAgreement {
  return boxAgreement(matchesOf(a, b, finding, leastIou));
}

function matchesOf(
  a: ReadingContent,
  b: ReadingContent,
  finding: string,
  leastIou: number,
): readonly BoxMatch[] {
  const [ofA, ofB] = [boxesOf(a, finding), boxesOf(b, finding)];
  const frames = new Set([...ofA.keys(), ...ofB.keys()]);
  return [...frames].map((frame) => matchBoxes(ofA.get(frame) ?? [], ofB.get(frame) ?? [], leastIou));
}

function boxesOfReads(a: Reads, b: Reads, finding: string, leastIou: number): BoxAgreement {
  const matches = [...a].flatMap(([film, content]) => {
    const others = b.get(film);
    return others === undefined ? [] : matchesOf(content, others, finding, leastIou);
  });
  return boxAgreement(matches);
}

function modelEffect(first: Reads, revised: Reads, finding: string, reference: Reference): ReaderChange {
  const before: number[] = [];
  const after: number[] = [];
  const truth: number[] = [];
  for (const [film, content] of first) {
    const again = revised.get(film);
    const known = reference(film, finding);
    if (again === undefined || known === null) continue;
    before.push(hasFinding(content, finding));
    after.push(hasFinding(again, finding));
    truth.push(known ? 1 : 0);
  }
  return readerChange(before, after, truth);
}
