/** @file What a label version would hold and leaves out, in sentences. */
import type {
  LabelVersionRequest,
  LabelVersionSummary,
} from '../../../../../shared/contract/label-version.ts';
import { counted } from '../../../ui/counted.ts';

export const WHERE_OPEN_WORDS: Readonly<Record<LabelVersionRequest['whereOpen'], readonly [string, string]>> =
  {
    'as-imported': ['As imported', 'Nothing new is said there: the imported label stays.'],
    unknown: ['Unknown', 'No run learns them there, whatever was imported.'],
    majority: ['More than half', 'What more than half say counts; half against half is unknown.'],
  };

/** `12 of 40 films, 3 of them settled by an adjudicator`. */
export function takenWords({ films, sessionFilms, settled, own }: LabelVersionSummary): string {
  const alone = own === 0 ? '' : ` (${own.toLocaleString()} with what no reader had said)`;
  const decided = settled === 0 ? '' : `, ${settled.toLocaleString()} of them settled${alone}`;
  return `${films.toLocaleString()} of ${counted(sessionFilms, 'film')}${decided}`;
}

/** Films that are left out, a reason a line. */
export function leftOutWords(
  { leftOut: { unread, tooFew, undecided, gone } }: LabelVersionSummary,
  leastReaders: number,
): readonly string[] {
  const lines: readonly (readonly [number, string])[] = [
    [unread, 'nobody has signed a read'],
    [tooFew, `fewer than ${leastReaders} readers have signed, and nobody settled it`],
    [undecided, 'readers differ on all that was asked, and nobody settled it'],
    [gone, 'not in the library any more'],
  ];
  return lines.flatMap(([films, why]) =>
    films === 0 ? [] : [`${counted(films, 'film')} left out: ${why}.`],
  );
}

/** Labels that would be otherwise than imported, normal or abnormal among them. */
export function changedLabels({ findings, abnormal }: LabelVersionSummary): number {
  return [...findings, abnormal].reduce((sum, { changed }) => sum + changed, 0);
}
