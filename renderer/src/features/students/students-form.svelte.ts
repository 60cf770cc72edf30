/** @file Which students shall be trained: ticked cells of methods × resolutions, for each of the seeds. */
import type { RunDetail, RunRequest } from '../../../../shared/contract/training.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { MethodForm } from '../training/method-form.svelte.ts';
import { RecipeForm } from '../training/recipe-form.svelte.ts';
import { seedList } from '../training/seed-list.ts';
import { STUDENT_METHODS, STUDENT_RESOLUTIONS, type Cell } from './cell-runs.ts';

export const MAX_SEEDS = 10;

const keyOf = (cell: Cell): string => `${cell.method}/${cell.resolution}`;

export class StudentsForm {
  readonly recipe = new RecipeForm();
  teacherId = $state<RunId | ''>('');
  seeds = $state('1');
  readonly method = new MethodForm();
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
  readonly seedList = $derived(seedList(this.seeds, MAX_SEEDS));

  /** The request of one student. `teacher` names split, labels, findings and model, so that results can be compared. */
  request(cell: Cell, seed: number, teacher: RunDetail): RunRequest {
    const distils = cell.method !== 'none';
    return {
      name: null,
      method: cell.method,
      model: teacher.model,
      resolution: cell.resolution,
      teacherRunId: distils ? teacher.id : null,
      splitId: teacher.imported === null ? teacher.splitId : null, // a model from elsewhere has none here
      findings: [...teacher.config.findings],
      labelSet: 'own',
      // Said, not left to the teacher: a student without distillation has none to follow.
      labelRule: teacher.config.labelRule,
      labelVersionId: teacher.config.labelVersionId,
      input: this.method.input(),
      t2Units: teacher.config.t2Units,
      classWeights: teacher.config.positiveWeights !== null,
      preset: this.recipe.preset,
      recipe: this.recipe.changes(),
      loss: distils ? this.method.loss() : {},
      seed,
      init: teacher.config.init,
    };
  }
}
