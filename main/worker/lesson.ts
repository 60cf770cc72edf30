/** @file What a run teaches its model: one step on some films, and the judgement of an epoch. With labels, here; without, in masked-lesson. */
import type { Recipe } from '../../shared/domain/recipe.ts';
import type { MicroBatch } from '../numeric/train/micro-batch.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import type { OptimiserSettings, StepMeasurements } from '../numeric/train/train-step.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { epochView } from './epoch-order.ts';
import type { FilmSet } from './film-set.ts';
import { InputFeed } from './input-feed.ts';
import type { KnowledgeSource } from './knowledge-reader.ts';
import { microParts } from './micro-parts.ts';
import type { InputView } from './model-input.ts';
import { scoreFilms } from './score-films.ts';
import type { StepTaker } from './step-taker.ts';
import { orStopped, type Listening } from './stopped.ts';
import { validate, type Validation } from './validation.ts';

/** `Batch` is a micro-batch as plain arrays. */
export interface Lesson<Batch> {
  /** The micro-batches of the films `chosen` in `epoch`; made beside whatever is computed meanwhile. */
  readonly prepare: (chosen: Uint32Array, epoch: number) => Promise<readonly Batch[]>;
  /** One optimiser step. @throws NotFiniteError */
  readonly step: (batches: readonly Batch[], settings: OptimiserSettings) => Promise<StepMeasurements>;
  /** Lets go of what the steps needed, the values of the state with it. */
  readonly dispose: () => void;
  /** How good the weights are that would be kept now. @throws Stopped on pause and cancel */
  readonly validate: () => Promise<Validation>;
}

export interface LabelledLesson {
  readonly state: TrainState;
  readonly films: FilmSet;
  readonly input: InputView;
  readonly normalisation: Normalisation;
  readonly recipe: Recipe;
  /** Cached teacher outputs of films by position; null for runs without a teacher. */
  readonly teacher: KnowledgeSource | null;
  readonly listening: Listening;
  readonly steps: StepTaker<MicroBatch>;
  readonly functions: CompiledFunctions;
}

/** Training with labels, by any method but `pretrain`. */
export function labelledLesson(lesson: LabelledLesson): Lesson<MicroBatch> {
  const { state, films, input, normalisation, recipe, teacher, listening, steps, functions } = lesson;
  const feed = new InputFeed(films, input, { knowledge: teacher });
  return {
    prepare(chosen, epoch) {
      const view = epochView(recipe, epoch);
      const parts = microParts(chosen, recipe.microBatch).map(async (indices): Promise<MicroBatch> => {
        return { ...films.labels(indices), ...(await feed.batch(indices, view)) };
      });
      return Promise.all(parts);
    },
    step: steps.step,
    dispose() {
      feed.dispose();
      steps.dispose();
    },
    async validate() {
      const indices = films.part('validation');
      const settings = { batch: recipe.microBatch, functions, between: () => orStopped(listening) };
      const { config, evaluated } = state;
      const scores = await scoreFilms(evaluated, config, normalisation, feed, indices, settings);
      return validate(films, indices, scores);
    },
  };
}
