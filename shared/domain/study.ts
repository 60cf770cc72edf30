/** @file What a study compares: systems (a method with its settings) × models × resolutions × seeds, as cells with stable keys. */
import type { LossSettings, Method, Resolution, VitVariant } from './recipe.ts';

/** One row of the paper's tables: a method and the settings that make it this row. */
export interface StudySystem {
  /** Unique within a plan; stands in cell keys, tables and exports. */
  readonly name: string;
  readonly title: string;
  readonly method: Exclude<Method, 'teacher' | 'pretrain'>;
  /** Beside the plan's own loss settings. */
  readonly loss?: { readonly [Key in keyof LossSettings]?: LossSettings[Key] | undefined } | undefined;
}

/** The systems of the paper's Tables 1 and 2, and Hinton's form of vanilla distillation. */
export const PAPER_SYSTEMS = [
  { name: 'none', title: 'No distillation', method: 'none' },
  { name: 'vanilla', title: 'Vanilla KD', method: 'vanilla', loss: { kdLoss: 'mse' } },
  { name: 'vanilla-hinton', title: 'Vanilla KD (Hinton)', method: 'vanilla', loss: { kdLoss: 'hinton' } },
  { name: 'last-block', title: 'Last block', method: 'last-block' },
  { name: 'one-to-one', title: 'One to one', method: 'one-to-one' },
  { name: 'mlcak', title: 'MLCAK', method: 'mlcak' },
] as const satisfies readonly StudySystem[];

/** Where a cell stands. `blocked`: its teacher failed or was left out. */
export const CELL_STATES = ['waiting', 'running', 'paused', 'done', 'left-out', 'failed', 'blocked'] as const;
export type CellState = (typeof CELL_STATES)[number];

export const STUDY_STATES = ['running', 'paused', 'finished', 'failed'] as const;
export type StudyState = (typeof STUDY_STATES)[number];

export interface CellPlace {
  /** `teacher` or the name of a system. */
  readonly system: string;
  readonly model: VitVariant;
  readonly resolution: Resolution;
  readonly seed: number;
}

export interface PlannedCell extends CellPlace {
  readonly key: string;
  /** Key of the cell that trains its teacher; null for teachers and systems without one. */
  readonly teacher: string | null;
}

export const TEACHER = 'teacher';

/** `mlcak-small-28-1`: system, model, resolution, seed. */
export function cellKey({ system, model, resolution, seed }: CellPlace): string {
  return `${system}-${model}-${resolution}-${seed}`;
}

export interface StudyAxes {
  readonly models: readonly VitVariant[];
  readonly systems: readonly StudySystem[];
  readonly resolutions: readonly Exclude<Resolution, 224>[];
  readonly seeds: readonly number[];
  /** One teacher a model (by the first seed) for the students of all seeds, or one a seed. */
  readonly teachers: 'one' | 'per-seed';
  /** Keys that were not ticked. */
  readonly without: readonly string[];
}

/**
 * Every cell of a plan in the order in which it is trained: for each model its teacher first, then seed by seed, so that the
 * first seed's whole table is there early.
 */
export function plannedCells(axes: StudyAxes): readonly PlannedCell[] {
  const { models, systems, resolutions, seeds, teachers } = axes;
  const without = new Set(axes.without);
  const cells: PlannedCell[] = [];
  for (const model of models) {
    for (const [index, seed] of seeds.entries()) {
      const teacherSeed = teachers === 'one' ? (seeds[0] ?? seed) : seed;
      const teacher: CellPlace = { system: TEACHER, model, resolution: 224, seed: teacherSeed };
      if (index === 0 || teachers === 'per-seed')
        cells.push({ ...teacher, key: cellKey(teacher), teacher: null });
      for (const resolution of resolutions) {
        for (const { name, method } of systems) {
          const place: CellPlace = { system: name, model, resolution, seed };
          const taught = method === 'none' ? null : cellKey(teacher);
          cells.push({ ...place, key: cellKey(place), teacher: taught });
        }
      }
    }
  }
  const ticked = cells.filter(({ key }) => !without.has(key));
  // A teacher that was not ticked is still trained when a ticked student needs it.
  const needed = new Set(ticked.map(({ teacher }) => teacher));
  return cells.filter((cell) => !without.has(cell.key) || needed.has(cell.key));
}
