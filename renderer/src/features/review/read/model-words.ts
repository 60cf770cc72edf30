/** @file Which findings of the model a reader is asked about, and how a score is written. */
import type { ModelFindings } from '../../../../../shared/contract/review-session.ts';

type ModelFinding = ModelFindings['findings'][number];

/** Findings that the model calls present, or cannot call: those are accepted, rejected or edited. Highest score first. */
export function judgeable(model: ModelFindings | null): readonly ModelFinding[] {
  return (model?.findings ?? [])
    .filter(({ positive }) => positive !== false)
    .sort((a, b) => b.score - a.score);
}

/** Findings that the model calls absent. */
export function absent(model: ModelFindings | null): readonly ModelFinding[] {
  return (model?.findings ?? [])
    .filter(({ positive }) => positive === false)
    .sort((a, b) => b.score - a.score);
}

/** `.07`, `1.00`. */
export function scoreWords(score: number): string {
  return score.toFixed(2).replace(/^0/, '');
}
