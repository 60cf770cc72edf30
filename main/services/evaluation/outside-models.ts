/** @file Figures of outside models: their scores against the library's labels, over all films that they scored. */
import type { OutsideModel } from '../../../shared/contract/outside-scores.ts';
import type { TaskMetrics } from '../../../shared/contract/evaluation.ts';
import type { LabelledScore, OutsideModelRow } from '../../store/outside-scores.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Measure } from './measure.ts';
import { ABNORMAL, type PartScores, type TaskScores } from './part-scores.ts';

/** Computed anew each time: they are few, and labels change. */
export async function measureOutside({ store }: OpenLibrary, measure: Measure): Promise<OutsideModel[]> {
  const measured: OutsideModel[] = [];
  for (const model of store.outsideScores.models()) {
    const part = partOf(model, store.outsideScores.labelled(model.id, model.findings));
    // thresholds and temperatures would be chosen on these very films: they are not told
    const { films, patients, t1, t2, perFinding } = (await measure.part(part, part, null)).measured;
    const { id, name, source } = model;
    measured.push({
      id,
      name,
      source,
      films,
      patients,
      t1,
      t2: brief(t2),
      perFinding: perFinding.map(brief),
    });
  }
  return measured;
}

function brief({ name, n, positives, auroc, unstable }: TaskMetrics) {
  return { name, n, positives, auroc, unstable };
}

/** A film without a score is one without a label: left out. */
function partOf({ findings }: OutsideModelRow, films: readonly LabelledScore[]): PartScores {
  const task = (
    name: string,
    label: (film: LabelledScore) => 0 | 1 | null,
    score: (film: LabelledScore) => number | null,
  ): TaskScores => ({
    name,
    labels: films.map((film) => (score(film) === null ? null : label(film))),
    scores: Float64Array.from(films, (film) => score(film) ?? 0),
  });
  return {
    filmIds: films.map(({ filmId }) => filmId),
    patients: films.map(({ patientKey }) => patientKey),
    findings: findings.map((name, index) =>
      task(
        name,
        ({ labels }) => labels[index] ?? null,
        ({ t1 }) => t1[index] ?? null,
      ),
    ),
    abnormal: task(
      ABNORMAL,
      ({ abnormal }) => abnormal,
      ({ t2 }) => t2,
    ),
  };
}
