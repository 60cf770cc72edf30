/** @file What a teacher will be trained with; becomes the request for the estimate and for Start. */
import type { RunRequest } from '../../../../shared/contract/training.ts';
import type { LabelVersionId, SplitId } from '../../../../shared/domain/ids.ts';
import type { LabelRule, VitVariant } from '../../../../shared/domain/recipe.ts';
import { RecipeForm } from '../training/recipe-form.svelte.ts';

export class TeacherForm {
  readonly recipe = new RecipeForm();
  name = $state('');
  model = $state<VitVariant>('tiny');
  /** '' = the newest split, made if there is none. */
  splitId = $state<SplitId | ''>('');
  /** null = every finding with a positive. */
  findings = $state.raw<readonly string[] | null>(null);
  /** Outputs of the normal/abnormal head. */
  t2Units = $state<1 | 2>(2);
  /** What counts where films have several readers. */
  labelRule = $state<LabelRule>('majority');
  /** '' = the labels as imported. */
  labelVersionId = $state<LabelVersionId | ''>('');
  classWeights = $state(false);
  /** '' = random start. */
  init = $state('');
  /** The person chose the start; else it is the one that comes with the app, where there is one. */
  startChosen = $state(false);

  /** Weights for a model of the same size from the films of the same split first: of a larger model's start, or of the films alone. */
  pretraining(larger: string | null): RunRequest {
    return {
      ...this.request(),
      name: null,
      method: 'pretrain',
      findings: null,
      recipe: {},
      t2Units: null,
      classWeights: false,
      init: larger,
    };
  }

  /** The request as it stands now. */
  request(): RunRequest {
    const name = this.name.trim();
    return {
      name: name === '' ? null : name,
      method: 'teacher',
      model: this.model,
      resolution: 224,
      teacherRunId: null,
      splitId: this.splitId === '' ? null : this.splitId,
      findings: this.findings === null ? null : [...this.findings],
      preset: this.recipe.preset,
      recipe: this.recipe.changes(),
      labelSet: 'own',
      labelRule: this.labelRule,
      labelVersionId: this.labelVersionId === '' ? null : this.labelVersionId,
      loss: {},
      input: {},
      t2Units: this.t2Units,
      classWeights: this.classWeights,
      seed: Number(this.recipe.seed) || 0,
      init: this.init === '' ? null : this.init,
    };
  }
}
