/** @file Which cells of a study the curves begin with. Pure. */
import type { Study, StudyCell } from '../../../../shared/contract/study.ts';

/** Lines that can still be told apart. */
export const MOST_CURVES = 14;

/** Key of a system × model × resolution, all seeds together. */
export function placeOf({ system, model, resolution }: StudyCell): string {
  return `${system}/${model}/${resolution}`;
}

/** Every system at the model and resolution of the cell at work, or else of the last one that has begun. */
export function defaultCells({ cells, current }: Study): readonly StudyCell[] {
  const begun = cells.filter(({ runId, state }) => runId !== null && state !== 'waiting');
  const middle = cells.find(({ key }) => key === current) ?? begun.at(-1);
  if (middle === undefined) return [];
  return begun.filter(({ model, resolution }) => model === middle.model && resolution === middle.resolution);
}
