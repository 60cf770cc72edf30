/** @file What each cell of the plan's grid costs, all its seeds together. Pure. */
import type { StudyEstimate } from '../../../../shared/contract/study.ts';
import type { PlannedCell } from '../../../../shared/domain/study.ts';
import { counted } from '../../ui/counted.ts';
import { roughlyShort } from './study-words.ts';

export interface Cost {
  readonly words: string;
  /** Nothing is left to train. */
  readonly done: boolean;
  readonly more: string;
}

/** By system/model/resolution; places that the estimate does not know (yet) are left out. */
export function costsByPlace(
  cells: readonly PlannedCell[],
  estimate: StudyEstimate | null,
): ReadonlyMap<string, Cost> {
  const known = new Map(estimate?.cells.map((cell) => [cell.key, cell]));
  const byPlace = new Map<string, StudyEstimate['cells']>();
  for (const { key, system, model, resolution } of cells) {
    const cost = known.get(key);
    if (cost === undefined) continue;
    const place = `${system}/${model}/${resolution}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), cost]);
  }
  return new Map([...byPlace].map(([place, each]) => [place, costOf(each)]));
}

function costOf(each: StudyEstimate['cells']): Cost {
  const todo = each.filter(({ doneBy }) => doneBy === null);
  if (todo.length === 0) return { words: 'done', done: true, more: 'A finished run has these settings.' };
  const words = roughlyShort(todo.reduce((sum, { seconds }) => sum + seconds, 0));
  const done = each.length - todo.length;
  const already = done > 0 ? `, ${done} done already` : '';
  return { words, done: false, more: `${counted(each.length, 'run')}${already}; about ${words}` };
}
