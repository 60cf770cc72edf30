/**
 * @file What a reader said of a film at another site apart from here (rows of other_versions): by reader and site, with what it
 * follows on here, and where it differs from what counts here. Adjudication shows it and exports name it; it counts nowhere.
 */
import { isDeepStrictEqual } from 'node:util';

import type { OtherHistory } from '../../../shared/contract/review-adjudication.ts';
import type {
  OtherVersion,
  Reader,
  ReadingContent,
  ReadingVersion,
  ReviewPlan,
} from '../../../shared/contract/review.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { firstRead, revisedRead } from '../../../shared/domain/review.ts';
import type { ReviewRow } from '../../store/reviews.ts';
import type { Store } from '../../store/store.ts';
import { differencesOf } from './final-reads.ts';

export interface HistoryBeside {
  readonly readerId: Reader['id'];
  readonly site: string | null;
  /** Of that site alone, oldest first. */
  readonly own: readonly OtherVersion[];
  /** The whole history as that site has it: what both have, then its own. */
  readonly whole: readonly ReadingVersion[];
}

/** Under which name a read of another site stands among the readers. */
export const readElsewhere = (reader: string, site: string | null): string =>
  `${reader} (read at ${site?.slice(0, 80) ?? 'another site'})`;

/** @param others rows of one film @param here what that film's readers said here, in order */
export function historiesBeside(
  others: readonly OtherVersion[],
  here: (reader: Reader['id']) => readonly ReadingVersion[],
): readonly HistoryBeside[] {
  const groups = Map.groupBy(others, ({ readerId, site }) => JSON.stringify([readerId, site]));
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const { readerId, site } = first;
    const common = here(readerId).filter(({ number }) => number < first.number);
    return [{ readerId, site, own, whole: [...common, ...own] }];
  });
}

const counting = (versions: readonly ReadingVersion[]): ReadingVersion | undefined =>
  revisedRead(versions) ?? firstRead(versions) ?? versions.at(-1);

/** Reads that were signed at both sites are compared as such; where one was not signed, its newest version is. */
export function otherHistories(
  store: Store,
  { id, plan }: ReviewRow,
  filmId: FilmId,
): readonly OtherHistory[] {
  const readers = new Map(store.reviews.readersOf(id).map((reader) => [reader.id, reader]));
  const said = (reader: Reader['id']): readonly ReadingVersion[] =>
    store.reviews.versions(id, reader, filmId);
  return historiesBeside(store.sessionMerge.othersOf(id, filmId), said).flatMap(
    ({ readerId, site, own, whole }) => {
      const [reader, here] = [readers.get(readerId), counting(said(readerId))];
      const found = counting(whole);
      // What both sites have is not what the other one said.
      const there = own.find((version) => version.id === found?.id) ?? own.at(-1);
      if (reader === undefined || here === undefined || there === undefined) return [];
      const { site: _site, ...version } = there;
      return [
        {
          reader,
          site,
          steps: own.map(({ id: step, number, stage, createdAt }) => ({
            id: step,
            number,
            stage,
            createdAt,
          })),
          there: version,
          here,
          differs: differencesBetween(here.content, there.content, plan),
        },
      ];
    },
  );
}

function differencesBetween(
  here: ReadingContent,
  there: ReadingContent,
  plan: ReviewPlan,
): OtherHistory['differs'] {
  const verdictOf = ({ verdicts }: ReadingContent, finding: string) =>
    verdicts.find((one) => one.finding === finding);
  const judged = [...new Set([...here.verdicts, ...there.verdicts].map(({ finding }) => finding))];
  return {
    ...differencesOf([here, there], plan),
    verdicts: judged.filter((finding) => {
      const [one, other] = [verdictOf(here, finding), verdictOf(there, finding)];
      return one?.verdict !== other?.verdict || one?.note !== other?.note;
    }),
    note: here.note !== there.note,
    keyFrames: !isDeepStrictEqual([...here.keyFrames].sort(), [...there.keyFrames].sort()),
  };
}
