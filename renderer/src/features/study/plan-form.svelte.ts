/** @file The plan of a study as a form: ticked cells, seeds, data, recipe; becomes the plan for the estimate and for Start. */
import type { StudyPlan } from '../../../../shared/contract/study.ts';
import type { LabelVersionId, SplitId } from '../../../../shared/domain/ids.ts';
import { VIT_VARIANTS, type LabelRule, type VitVariant } from '../../../../shared/domain/recipe.ts';
import { plannedCells, type StudyAxes } from '../../../../shared/domain/study.ts';
import { MethodForm } from '../training/method-form.svelte.ts';
import { RecipeForm } from '../training/recipe-form.svelte.ts';
import { seedList } from '../training/seed-list.ts';
import {
  axesOf,
  FIRST_LOOK,
  LOW_RESOLUTIONS,
  needsTeacher,
  placeKey,
  places,
  type Place,
  type Ticks,
} from './plan-cells.ts';

export const MOST_SEEDS = 10;

export class PlanForm {
  readonly recipe = new RecipeForm();
  readonly method = new MethodForm();
  name = $state('');
  seeds = $state('1');
  teachers = $state<StudyAxes['teachers']>('one');
  /** '' = the newest split, made if there is none. */
  splitId = $state<SplitId | ''>('');
  /** null = every finding with a positive. */
  findings = $state.raw<readonly string[] | null>(null);
  t2Units = $state<1 | 2>(2);
  /** What counts where films have several readers. */
  labelRule = $state<LabelRule>('majority');
  /** '' = the labels as imported. */
  labelVersionId = $state<LabelVersionId | ''>('');
  classWeights = $state(false);
  /** Start weights by model; '' = random start. */
  starts = $state<Record<VitVariant, string>>({ tiny: '', small: '', base: '' });
  /** Models whose columns are shown. */
  models = $state.raw<readonly VitVariant[]>(['tiny']);
  #ticks = $state.raw<Ticks>({ students: new Set(), teachers: new Set() });

  constructor() {
    this.firstLook();
  }

  readonly seedList = $derived(seedList(this.seeds, MOST_SEEDS));
  readonly axes = $derived(axesOf(this.#ticks, this.seedList ?? [1], this.teachers));
  /** Cells that would be trained, in their order. */
  readonly cells = $derived(plannedCells(this.axes));
  readonly hasMistakes = $derived(
    this.seedList === null || this.recipe.hasMistakes || this.method.hasMistakes,
  );

  isTicked(place: Place): boolean {
    return this.#ticks.students.has(placeKey(place));
  }

  tick(which: readonly Place[], on: boolean): void {
    const students = new Set(this.#ticks.students);
    for (const place of which) {
      if (on) students.add(placeKey(place));
      else students.delete(placeKey(place));
    }
    this.#ticks = { ...this.#ticks, students };
  }

  /** A ticked student learns from the teacher: it cannot be left out. */
  isTeacherNeeded(model: VitVariant): boolean {
    return needsTeacher(this.#ticks, model);
  }

  isTeacherTicked(model: VitVariant): boolean {
    return this.#ticks.teachers.has(model) || this.isTeacherNeeded(model);
  }

  tickTeacher(model: VitVariant, on: boolean): void {
    const teachers = new Set(this.#ticks.teachers);
    if (on) teachers.add(model);
    else teachers.delete(model);
    this.#ticks = { ...this.#ticks, teachers };
  }

  /** Shows a model with the ticks that the first shown one has, or takes it away with all its cells. */
  chooseModel(model: VitVariant, on: boolean): void {
    const [pattern] = this.models;
    if (!on) {
      this.models = this.models.filter((shown) => shown !== model);
      this.tick(places([model]), false);
      this.tickTeacher(model, false);
      return;
    }
    const like =
      pattern === undefined
        ? places([model])
        : places([pattern])
            .filter((place) => this.isTicked(place))
            .map((place) => ({ ...place, model }));
    this.models = VIT_VARIANTS.filter((shown) => shown === model || this.models.includes(shown));
    this.tick(like, true);
    this.tickTeacher(model, true);
  }

  firstLook(): void {
    const { models, systems, resolutions } = FIRST_LOOK;
    this.#only(models, places(models, systems, resolutions));
  }

  /** Everything that the paper's Tables 1 and 2 compare. */
  papersTables(): void {
    this.#only(VIT_VARIANTS, places(VIT_VARIANTS, undefined, LOW_RESOLUTIONS));
  }

  #only(models: readonly VitVariant[], which: readonly Place[]): void {
    this.models = models;
    this.#ticks = { students: new Set(which.map(placeKey)), teachers: new Set(models) };
  }

  /** The plan as it stands now. */
  plan(): StudyPlan {
    const { axes } = this;
    const name = this.name.trim();
    const starts = axes.models.flatMap((model) =>
      this.starts[model] === '' ? [] : [[model, this.starts[model]] as const],
    );
    return {
      name: name === '' ? 'Study' : name,
      models: [...axes.models],
      systems: axes.systems.map((system) => ({ ...system })),
      resolutions: [...axes.resolutions],
      seeds: [...axes.seeds],
      teachers: axes.teachers,
      without: [...axes.without],
      splitId: this.splitId === '' ? null : this.splitId,
      findings: this.findings === null ? null : [...this.findings],
      labelSet: 'own',
      labelRule: this.labelRule,
      labelVersionId: this.labelVersionId === '' ? null : this.labelVersionId,
      t2Units: this.t2Units,
      classWeights: this.classWeights,
      input: this.method.input(),
      preset: this.recipe.preset,
      recipe: this.recipe.changes(),
      teacherRecipe: {},
      loss: this.method.loss(),
      init: Object.fromEntries(starts),
    };
  }
}
