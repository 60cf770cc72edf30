/** @file What a run teaches its model: one step on some films, and the judgement of an epoch. With labels, here; without, in pretrain-lesson. */
import type { Recipe } from '../../shared/domain/recipe.ts';
import type { MicroBatch, TeacherArrays } from '../numeric/train/micro-batch.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import {
  trainStep,
  type Objective,
  type OptimiserSettings,
  type StepMeasurements,
} from '../numeric/train/train-step.ts';
import { epochView } from './epoch-order.ts';
import type { FilmSet, InputView } from './film-set.ts';
import { scoreFilms } from './score-films.ts';
import { orStopped, type Listening } from './stopped.ts';
import { validate, type Validation } from './validation.ts';

export interface Lesson {
  /** One optimiser step on the films `chosen` in `epoch`. @throws NotFiniteError */
  readonly step: (
    chosen: Uint32Array,
    epoch: number,
    settings: OptimiserSettings,
  ) => Promise<StepMeasurements>;
  /** How good the weights are that would be kept now. @throws Stopped on pause and cancel */
  readonly validate: () => Promise<Validation>;
}

export interface LabelledLesson {
  readonly state: TrainState;
  readonly films: FilmSet;
  readonly input: InputView;
  readonly objective: Objective;
  readonly recipe: Recipe;
  /** Cached teacher outputs of films by position; null for runs without a teacher. */
  readonly teacher: ((indices: Uint32Array, view: number) => Promise<TeacherArrays>) | null;
  readonly listening: Listening;
}

/** Pieces of `chosen` that are in memory at once. */
export function microParts(chosen: Uint32Array, microBatch: number): readonly Uint32Array[] {
  const count = Math.ceil(chosen.length / microBatch);
  return Array.from({ length: count }, (_, part) =>
    chosen.subarray(part * microBatch, (part + 1) * microBatch),
  );
}

/** Training with labels, by any method but `pretrain`. */
export function labelledLesson(lesson: LabelledLesson): Lesson {
  const { state, films, input, objective, recipe, teacher, listening } = lesson;
  return {
    async step(chosen, epoch, settings) {
      const batches: MicroBatch[] = [];
      const view = epochView(recipe, epoch, films.size);
      for (const indices of microParts(chosen, recipe.microBatch)) {
        const answers = teacher === null ? null : await teacher(indices, view.number);
        batches.push({ ...films.microBatch(indices, input, view.change), teacher: answers });
      }
      return await trainStep(state, batches, { ...objective, ...settings }, listening.between);
    },
    async validate() {
      const indices = films.part('validation');
      const settings = { input, batch: recipe.microBatch, between: () => orStopped(listening) };
      const { config, evaluated } = state;
      const scores = await scoreFilms(evaluated, config, objective.normalisation, films, indices, settings);
      return validate(films, indices, scores);
    },
  };
}
