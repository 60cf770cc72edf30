/** @file Which test films a report shows: chosen by rule from the stored scores, right and wrong ones, never by eye. */
import type { FilmId } from '../../../../shared/domain/ids.ts';

/** One run's verdicts on a film. */
export interface FilmVerdict {
  readonly filmId: FilmId;
  readonly abnormal: boolean;
  /** Per run: probability of "abnormal" minus the run's threshold. */
  readonly margins: readonly number[];
}

export interface ChosenFilm {
  readonly filmId: FilmId;
  readonly why: string;
}

interface Judged extends FilmVerdict {
  readonly wrong: number;
  /** Mean margin towards the right call. */
  readonly ease: number;
  /** Distance between the highest and the lowest score. */
  readonly spread: number;
}

function judge(film: FilmVerdict): Judged {
  const { abnormal, margins } = film;
  const right = margins.map((margin) => (abnormal ? margin : -margin));
  return {
    ...film,
    wrong: margins.filter((margin) => margin >= 0 !== abnormal).length,
    ease: right.reduce((sum, margin) => sum + margin, 0) / Math.max(1, right.length),
    spread: Math.max(...margins) - Math.min(...margins),
  };
}

/** The film in the middle by ease: neither the easiest nor the hardest. */
function typical(films: readonly Judged[]): Judged | undefined {
  return films.toSorted((a, b) => a.ease - b.ease || order(a, b))[Math.floor(films.length / 2)];
}

function hardest(films: readonly Judged[]): Judged | undefined {
  return films.toSorted((a, b) => b.wrong - a.wrong || a.ease - b.ease || order(a, b))[0];
}

const order = (a: Judged, b: Judged): number => (a.filmId < b.filmId ? -1 : Number(a.filmId > b.filmId));

/** At most five films: a typical right and the worst wrong call of each kind, and where the runs differ most. */
export function chooseFilms(films: readonly FilmVerdict[]): readonly ChosenFilm[] {
  const judged = films.filter(({ margins }) => margins.length > 0).map(judge);
  const kind = (abnormal: boolean, wrong: boolean): readonly Judged[] =>
    judged.filter((film) => film.abnormal === abnormal && film.wrong > 0 === wrong);
  const several = (judged[0]?.margins.length ?? 0) > 1;
  const picks: readonly (readonly [Judged | undefined, string])[] = [
    [typical(kind(true, false)), several ? 'abnormal, found by every run' : 'abnormal, found'],
    [hardest(kind(true, true)), 'abnormal, missed'],
    [typical(kind(false, false)), several ? 'normal, rightly left by every run' : 'normal, rightly left'],
    [hardest(kind(false, true)), 'normal, called abnormal'],
    [
      several ? judged.toSorted((a, b) => b.spread - a.spread || order(a, b))[0] : undefined,
      'where the runs differ most',
    ],
  ];
  const chosen = new Map<FilmId, ChosenFilm>();
  for (const [film, why] of picks) {
    if (film !== undefined && !chosen.has(film.filmId)) chosen.set(film.filmId, { filmId: film.filmId, why });
  }
  return [...chosen.values()];
}
