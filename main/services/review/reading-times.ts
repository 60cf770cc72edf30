/**
 * @file How long readers took, in a session that counts time: seconds with the film open, in sight and the computer awake, as each
 * version carries them. They add up over all versions of a film, so what came after the reveal is the difference of the two reads.
 */
import type { ReadingContent, ReadingVersion } from '../../../shared/contract/review.ts';
import { firstRead, revisedRead, type ModelBlinding } from '../../../shared/domain/review.ts';
import { quantile } from '../../numeric/metrics/bootstrap.ts';

/** Over the films that a reader signed. Seconds; null = none. */
export interface TimeSpent {
  readonly films: number;
  readonly median: number | null;
  /** Lower and upper quartile. */
  readonly quartiles: readonly [number, number] | null;
}

/** Of one reader. */
export interface ReaderTimes {
  /** First reads that were made without the model. */
  readonly without: TimeSpent;
  /** Reads that were made with it in sight from the start; after a reveal what the revision added to the first read. */
  readonly with: TimeSpent;
}

type Reads<Key> = ReadonlyMap<Key, Pick<ReadingContent, 'seconds'>>;

/** @param first signed before the model was revealed @param revised signed with it in sight, by film */
export function readerTimes<Key>(
  first: Reads<Key>,
  revised: Reads<Key>,
  blinding: ModelBlinding,
): ReaderTimes {
  const reads = [...first.values()].flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
  const added = [...revised].flatMap(([film, { seconds }]) => {
    const before = first.get(film)?.seconds ?? null;
    return seconds === null || before === null ? [] : [Math.max(0, seconds - before)];
  });
  const none = timeSpent([]);
  if (blinding === 'shown') return { without: none, with: timeSpent(reads) };
  return { without: timeSpent(reads), with: blinding === 'hidden' ? none : timeSpent(added) };
}

export function timeSpent(seconds: readonly number[]): TimeSpent {
  if (seconds.length === 0) return { films: 0, median: null, quartiles: null };
  const sorted = Float64Array.from(seconds).sort();
  return {
    films: sorted.length,
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
  };
}

/** Which read a row of an export speaks of, and the seconds until it was signed, to a tenth. */
export function secondsRows(
  versions: readonly Pick<ReadingVersion, 'stage' | 'content'>[],
): readonly { readonly about: string; readonly value: string }[] {
  const row = (about: string, read: Pick<ReadingVersion, 'content'> | null) =>
    read === null || read.content.seconds === null
      ? []
      : [{ about, value: String(Math.round(read.content.seconds * 10) / 10) }];
  return [...row(FIRST_READ, firstRead(versions)), ...row(REVISED_READ, revisedRead(versions))];
}

export const FIRST_READ = 'first read';
export const REVISED_READ = 'revised read, first one included';
