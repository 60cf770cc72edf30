/** @file Ticks of the plan's grid (system × model × resolution, for all seeds) as a plan's axes and the keys left out. Pure. */
import { RESOLUTIONS, VIT_VARIANTS, type VitVariant } from '../../../../shared/domain/recipe.ts';
import {
  cellKey,
  PAPER_SYSTEMS,
  TEACHER,
  type StudyAxes,
  type StudySystem,
} from '../../../../shared/domain/study.ts';

export type LowResolution = StudyAxes['resolutions'][number];
export const LOW_RESOLUTIONS: readonly LowResolution[] = RESOLUTIONS.filter(
  (resolution) => resolution !== 224,
);
export const SYSTEMS: readonly StudySystem[] = [...PAPER_SYSTEMS];

/** A tick of the grid: one system at one place, for every seed. */
export interface Place {
  readonly system: string;
  readonly model: VitVariant;
  readonly resolution: LowResolution;
}

/** Ticks as keys of places; those of teachers are models. */
export interface Ticks {
  readonly students: ReadonlySet<string>;
  readonly teachers: ReadonlySet<VitVariant>;
}

export function placeKey({ system, model, resolution }: Place): string {
  return `${system}/${model}/${resolution}`;
}

/** All places of some models: the whole grid, or one row, column or cell of it. */
export function places(
  models: readonly VitVariant[],
  systems: readonly string[] = SYSTEMS.map(({ name }) => name),
  resolutions: readonly LowResolution[] = LOW_RESOLUTIONS,
): readonly Place[] {
  return models.flatMap((model) =>
    resolutions.flatMap((resolution) => systems.map((system) => ({ system, model, resolution }))),
  );
}

/** True when a ticked student of the model learns from its teacher: the teacher is then trained in any case. */
export function needsTeacher({ students }: Ticks, model: VitVariant): boolean {
  const taught = SYSTEMS.filter(({ method }) => method !== 'none').map(({ name }) => name);
  return places([model], taught).some((place) => students.has(placeKey(place)));
}

/** The smallest plan that holds all ticks, and the keys of the cells in it that are not ticked. */
export function axesOf(ticks: Ticks, seeds: readonly number[], teachers: StudyAxes['teachers']): StudyAxes {
  const on = (place: Place): boolean => ticks.students.has(placeKey(place));
  const systems = SYSTEMS.filter(({ name }) => places(VIT_VARIANTS, [name]).some(on));
  const resolutions = LOW_RESOLUTIONS.filter((resolution) =>
    places(VIT_VARIANTS, undefined, [resolution]).some(on),
  );
  const wantsTeacher = (model: VitVariant): boolean =>
    ticks.teachers.has(model) || needsTeacher(ticks, model);
  const models = VIT_VARIANTS.filter((model) => wantsTeacher(model) || places([model]).some(on));
  const names = systems.map(({ name }) => name);
  const untaught = models.filter((model) => !wantsTeacher(model));
  const teacherSeeds = teachers === 'one' ? seeds.slice(0, 1) : seeds;
  return {
    models,
    systems,
    resolutions,
    seeds,
    teachers,
    without: [
      ...untaught.flatMap((model) =>
        teacherSeeds.map((seed) => cellKey({ system: TEACHER, model, resolution: 224, seed })),
      ),
      ...places(models, names, resolutions)
        .filter((place) => !on(place))
        .flatMap((place) => seeds.map((seed) => cellKey({ ...place, seed }))),
    ],
  };
}

/** One-click choices of cells. */
export const FIRST_LOOK = {
  models: ['tiny'],
  systems: ['none', 'vanilla', 'mlcak'],
  resolutions: [28],
} as const;
