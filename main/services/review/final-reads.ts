/** @file The signed reads of a session by film, which of them count, and where they differ. Adjudication and labels use it. */
import type { Decision, Differences } from '../../../shared/contract/review-adjudication.ts';
import type { Reader, ReadingContent, ReviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { firstRead, revisedRead, saysFinding } from '../../../shared/domain/review.ts';
import type { VersionStep } from '../../store/reviews.ts';
import type { Store } from '../../store/store.ts';
import { boxesOfPair } from './agreement-report.ts';

/** Boxes of two readers are the same place from this overlap on. */
const SAME_PLACE = 0.5;

/** A reader with the signed versions of a film, whole or by their steps. */
export interface ReaderReads<Version extends { readonly id: ReadingId } = VersionStep> {
  readonly reader: Reader;
  readonly first: Version | null;
  readonly revised: Version | null;
}

/** What counts of a reader: the read that was signed with the model in sight, else the first. null = none is signed. */
export const finalRead = <Version extends { readonly id: ReadingId }>({
  first,
  revised,
}: ReaderReads<Version>): Version | null => revised ?? first;

/** Every film of the session that stands on a list, with the reads of those who have it, by reader's name. */
export function finalReads(store: Store, id: ReviewId): ReadonlyMap<FilmId, readonly ReaderReads[]> {
  const readers = store.reviews.readersOf(id);
  const steps = Map.groupBy(store.reviews.steps(id), ({ readerId, filmId }) => `${readerId} ${filmId}`);
  const films = new Map<FilmId, ReaderReads[]>();
  for (const reader of readers) {
    for (const filmId of store.reviews.filmsOf(id, reader.id)) {
      const own = steps.get(`${reader.id} ${filmId}`) ?? [];
      const reads = { reader, first: firstRead(own), revised: revisedRead(own) };
      const list = films.get(filmId);
      if (list === undefined) films.set(filmId, [reads]);
      else list.push(reads);
    }
  }
  return films;
}

/** The same for one film; empty when nobody has it. */
export function finalReadsOf(store: Store, id: ReviewId, filmId: FilmId): readonly ReaderReads[] {
  return store.reviews.readersOf(id).flatMap((reader) => {
    const place = { reviewId: id, readerId: reader.id, filmId };
    if (!store.reviews.isListed(place)) return [];
    const own = store.reviews.stepsOf(place);
    return [{ reader, first: firstRead(own), revised: revisedRead(own) }];
  });
}

/** A decision holds as long as every version that it was made on still counts, and no other does. */
export function isOutdated(
  { basis, sources, settled }: Pick<Decision, 'basis' | 'sources' | 'settled'>,
  reads: readonly ReaderReads[],
): boolean {
  const counting = reads.flatMap((one) => finalRead(one)?.id ?? []);
  if (sources.some((id) => !counting.includes(id))) return true;
  const compared = basis === 'merge' ? sources : settled.compared;
  return compared !== undefined && counting.some((id) => !compared.includes(id));
}

/** What the reads that count say, notes and outlines left out. */
export function saidBy(store: Store, reads: readonly ReaderReads[]): readonly ReadingContent[] {
  return reads.flatMap((one) => {
    const read = finalRead(one);
    return (read === null ? null : store.reviews.said(read.id)) ?? [];
  });
}

/** Findings that a read says are there, in the plan's order. */
export function findingsOf(content: ReadingContent, { findings }: ReviewPlan): readonly string[] {
  return findings.filter((finding) => saysFinding(content, finding));
}

export function differencesOf(reads: readonly ReadingContent[], plan: ReviewPlan): Differences {
  const said = (finding: string): number => reads.filter((read) => saysFinding(read, finding)).length;
  const findings = plan.findings.filter((finding) => said(finding) > 0 && said(finding) < reads.length);
  const places = plan.findings.filter(
    (finding) => said(finding) === reads.length && !isSamePlace(reads, finding),
  );
  const questions = plan.questions
    .filter(({ id }) => new Set(reads.map(({ answers }) => answers[id] ?? null)).size > 1)
    .map(({ id }) => id);
  return { findings, places, questions };
}

function isSamePlace(reads: readonly ReadingContent[], finding: string): boolean {
  return reads.every((a, index) =>
    reads.slice(index + 1).every((b) => {
      const { paired, onlyA, onlyB } = boxesOfPair(a, b, finding, SAME_PLACE);
      // A finding that one of them gave no place is not at another place.
      return onlyA + onlyB === 0 || paired + onlyA === 0 || paired + onlyB === 0;
    }),
  );
}

export const isAgreed = ({ findings, places, questions }: Differences): boolean =>
  findings.length + places.length + questions.length === 0;
