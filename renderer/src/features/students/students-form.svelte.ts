/** @file Which students shall be trained: ticked cells of methods × resolutions, for each of the seeds. */
import type { RunDetail, RunRequest } from '../../../../shared/contract/training.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import {
  DISTILL_METHODS,
  PAPER_LOSS,
  type Method,
  type Resolution,
} from '../../../../shared/domain/recipe.ts';
import { RecipeForm } from '../training/recipe-form.svelte.ts';

export type StudentMethod = Exclude<Method, 'teacher'>;
export const STUDENT_METHODS: readonly StudentMethod[] = ['none', ...DISTILL_METHODS];
export const STUDENT_RESOLUTIONS: readonly Resolution[] = [112, 56, 28];
export const MAX_SEEDS = 10;

export interface Cell {
  readonly method: StudentMethod;
  readonly resolution: Resolution;
}

const keyOf = (cell: Cell): string => `${cell.method}/${cell.resolution}`;

export class StudentsForm {
  readonly recipe = new RecipeForm();
  teacherId = $state<RunId | ''>('');
  seeds = $state('1');
  /** Weights of the loss terms as typed; blank = the paper's. */
  weights = $state({ alpha: '', beta: '', gamma: '' });
  #ticked = $state.raw<ReadonlySet<string>>(new Set(['none/28', 'mlcak/28']));

  isTicked(cell: Cell): boolean {
    return this.#ticked.has(keyOf(cell));
  }

  tick(cells: readonly Cell[], on: boolean): void {
    const next = new Set(this.#ticked);
    for (const cell of cells) {
      if (on) next.add(keyOf(cell));
      else next.delete(keyOf(cell));
    }
    this.#ticked = next;
  }

  readonly cells = $derived<readonly Cell[]>(
    STUDENT_METHODS.flatMap((method) =>
      STUDENT_RESOLUTIONS.map((resolution) => ({ method, resolution })).filter((cell) => this.isTicked(cell)),
    ),
  );

  /** Seeds as numbers; null when the text is not a list of whole numbers. */
  readonly seedList = $derived.by<readonly number[] | null>(() => {
    const parts = this.seeds.split(/[\s,;]+/).filter((part) => part !== '');
    if (parts.length === 0 || parts.length > MAX_SEEDS) return null;
    if (!parts.every((part) => /^\d{1,9}$/.test(part))) return null;
    return [...new Set(parts.map(Number))];
  });

  readonly weightMistake = $derived(
    Object.values(this.weights).every((text) => {
      const value = Number(text);
      return text.trim() === '' || (Number.isFinite(value) && value >= 0 && value <= 100);
    })
      ? undefined
      : '0 to 100',
  );

  /** The request of one student. `teacher` names split, findings and model, so that results can be compared. */
  request(cell: Cell, seed: number, teacher: RunDetail): RunRequest {
    const distils = cell.method !== 'none';
    const weight = (name: 'alpha' | 'beta' | 'gamma'): number =>
      this.weights[name].trim() === '' ? PAPER_LOSS[name] : Number(this.weights[name]);
    return {
      name: null,
      method: cell.method,
      model: teacher.model,
      resolution: cell.resolution,
      teacherRunId: distils ? teacher.id : null,
      splitId: teacher.splitId,
      findings: [...teacher.config.findings],
      labelSet: 'own',
      input: {},
      t2Units: null,
      classWeights: false,
      preset: this.recipe.preset,
      recipe: this.recipe.changes(),
      loss:
        distils && this.weightMistake === undefined
          ? { alpha: weight('alpha'), beta: weight('beta'), gamma: weight('gamma') }
          : {},
      seed,
      init: teacher.config.init,
    };
  }
}
