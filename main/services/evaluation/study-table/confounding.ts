/** @file Whether what a film comes from says how often it is abnormal: a model may then read the source, not the disease. Pure. */
import { counted } from '../wording.ts';

export interface GroupedFilm {
  readonly source: string | null;
  readonly view: string | null;
  readonly abnormal: boolean | null;
}

/** Films of a group below which its share says little. */
const ENOUGH = 10;
/** Difference between shares that is worth a word. */
const APART = 0.2;

const KINDS = [
  { key: 'source', word: 'source' },
  { key: 'view', word: 'projection' },
] as const;

/** One sentence a kind of group whose shares of abnormal films lie far apart. */
export function confoundingNotes(films: readonly GroupedFilm[]): readonly string[] {
  return KINDS.flatMap(({ key, word }) => {
    const known = films.filter((film) => film[key] !== null && film.abnormal !== null);
    const shares = [...Map.groupBy(known, (film) => film[key] ?? '')]
      .filter(([, group]) => group.length >= ENOUGH)
      .map(([name, group]) => ({
        name,
        films: group.length,
        share: group.filter(({ abnormal }) => abnormal === true).length / group.length,
      }))
      .sort((a, b) => b.share - a.share);
    const [most, least] = [shares[0], shares.at(-1)];
    if (most === undefined || least === undefined || most.share - least.share < APART) return [];
    const said = ({ name, films, share }: typeof most): string =>
      `${Math.round(share * 100)} % of ${counted(films, 'film')} of ${name}`;
    return [
      `The ${word} tells much of the label: abnormal are ${said(most)}, and ${said(least)}. A model can score well by reading the ${word} instead of the disease.`,
    ];
  });
}
