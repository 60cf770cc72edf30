/** @file The cells of a study's table from its runs: one value a task, over seeds where there are several. Pure. */
import type { StudyTableCell, StudyTask } from '../../../../shared/contract/study-table.ts';
import type { Resolution, VitVariant } from '../../../../shared/domain/recipe.ts';
import { macCount, parameterCount, vitOfRun } from '../../../numeric/vit/config.ts';
import { intervalOf } from '../paired-difference.ts';
import { meanReplicates, sdOf, type StudyRun } from './study-run.ts';

export interface CellPlace {
  readonly model: VitVariant;
  readonly system: string;
  readonly resolution: Resolution;
}

function measuredOf(runs: readonly StudyRun[], task: StudyTask) {
  const mean = meanReplicates(runs, task);
  return {
    value: mean.value,
    ci: intervalOf(mean),
    sd: mean.value === null ? null : sdOf(runs.flatMap(({ replicates }) => replicates[task].value ?? [])),
    best: false,
  };
}

function costOf({ row: { config }, weights }: StudyRun): NonNullable<StudyTableCell['cost']> {
  const vit = vitOfRun(config);
  return {
    parameters: parameterCount(vit),
    macs: macCount(vit),
    weightBytes: weights?.bytes ?? null,
    inputBytes: config.resolution ** 2,
  };
}

/** A cell that has results. @param runs at least one; one a seed, all scored on the same films for the same findings */
export function doneCell(place: CellPlace, runs: readonly StudyRun[]): StudyTableCell {
  const inOrder = runs.toSorted((a, b) => a.row.config.seed - b.row.config.seed);
  const [first] = inOrder;
  if (first === undefined) throw new Error('a cell with results has a run');
  const { t1, t2, perFinding } = first.evaluation;
  return {
    ...place,
    standing: 'done',
    reason: null,
    seeds: inOrder.map(({ row, replicates }) => ({
      runId: row.id,
      seed: row.config.seed,
      t1: { value: replicates.t1.value, ci: intervalOf(replicates.t1) },
      t2: { value: replicates.t2.value, ci: intervalOf(replicates.t2) },
    })),
    t1: {
      ...measuredOf(inOrder, 't1'),
      k: t1.k,
      of: t1.of,
      unstable: perFinding.flatMap(({ name, unstable, auroc }) =>
        unstable && auroc.value !== null ? [name] : [],
      ),
    },
    t2: { ...measuredOf(inOrder, 't2'), n: t2.n, positives: t2.positives, unstable: t2.unstable },
    cost: costOf(first),
  };
}

/** @param reason why it is missing; null = there is no such cell */
export function emptyCell(place: CellPlace, reason: string | null): StudyTableCell {
  return {
    ...place,
    standing: reason === null ? 'none' : 'missing',
    reason,
    seeds: [],
    t1: null,
    t2: null,
    cost: null,
  };
}
