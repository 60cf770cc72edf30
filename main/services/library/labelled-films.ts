/** @file From what several readers said of a film to the labels that a run learns and is measured by. */
import type { LabelVersionId, SplitId } from '../../../shared/domain/ids.ts';
import { NO_FINDING } from '../../../shared/domain/findings.ts';
import type { LabelRule } from '../../../shared/domain/recipe.ts';
import type { VoteRow } from '../../store/readings.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import type { Store } from '../../store/store.ts';

/** A film with the labels of metrics (`labels`, `abnormal`) and those that a loss is computed from. */
export interface LabelledFilm extends DatasetFilm {
  readonly targets: {
    /** In the order of the findings; between 0 and 1 where readers disagree and the rule is `mean`. */
    readonly t1: readonly (number | null)[];
    readonly t2: number | null;
  };
}

type Votes = Pick<VoteRow, 'yes' | 'readers'>;

/** 1, 0 or, where the rule says nothing else, null for a tie. */
function binary({ yes, readers }: Votes, rule: LabelRule): 0 | 1 | null {
  switch (rule) {
    case 'any':
      return yes > 0 ? 1 : 0;
    case 'all':
      return yes === readers ? 1 : 0;
    case 'majority':
    case 'mean':
      if (yes * 2 === readers) return null;
      return yes * 2 > readers ? 1 : 0;
  }
}

/**
 * Films of a split with labels by `rule`. Where a film has no readers on record its label is as imported. With `mean` the
 * training films' targets are the share of readers; metrics take the majority. Normal/abnormal follows the readers' "No
 * finding": a reader who did not say it called the film abnormal. Where a label version is named, what it says of a film counts
 * whole, for the loss and for the metrics.
 */
export function labelledFilms(
  store: Store,
  splitId: SplitId,
  findings: readonly string[],
  rule: LabelRule,
  labelVersionId: LabelVersionId | null = null,
): readonly LabelledFilm[] {
  const films = byRule(store, splitId, findings, rule);
  if (labelVersionId === null) return films;
  const reviewed = store.labelVersions.ofSplit(labelVersionId, splitId);
  return films.map((film) => {
    const own = reviewed.get(film.filmId);
    if (own === undefined) return film;
    const over = <T>(values: readonly (T | 0 | 1 | null)[]) =>
      values.map((value, index) => {
        const said = own.labels.get(findings[index] ?? '');
        return said === undefined ? value : said;
      });
    const { t1, t2 } = film.targets;
    const { abnormal } = own;
    return {
      ...film,
      labels: over(film.labels),
      abnormal: abnormal === undefined ? film.abnormal : abnormal,
      targets: { t1: over(t1), t2: abnormal === undefined ? t2 : abnormal },
    };
  });
}

function byRule(
  store: Store,
  splitId: SplitId,
  findings: readonly string[],
  rule: LabelRule,
): readonly LabelledFilm[] {
  const films = store.splits.dataset(splitId, findings);
  if (rule === 'majority') {
    return films.map((film) => ({ ...film, targets: { t1: film.labels, t2: film.abnormal } }));
  }
  const votes = Map.groupBy(store.readings.votesOfSplit(splitId), ({ filmId }) => filmId);
  return films.map((film) => {
    const own = new Map((votes.get(film.filmId) ?? []).map((vote) => [vote.finding, vote]));
    const normal = own.get(NO_FINDING);
    const abnormal =
      normal === undefined ? undefined : { yes: normal.readers - normal.yes, readers: normal.readers };
    const label = (known: Votes | undefined, imported: 0 | 1 | null): 0 | 1 | null =>
      known === undefined ? imported : binary(known, rule);
    const labels = findings.map((finding, index) => label(own.get(finding), film.labels[index] ?? null));
    const t2 = label(abnormal, film.abnormal);
    const soft = rule === 'mean' && film.part === 'train';
    const target = (known: Votes | undefined, value: 0 | 1 | null): number | null =>
      soft && known !== undefined ? known.yes / known.readers : value;
    return {
      ...film,
      labels,
      abnormal: t2,
      targets: {
        t1: findings.map((finding, index) => target(own.get(finding), labels[index] ?? null)),
        t2: target(abnormal, t2),
      },
    };
  });
}
