/** @file The lesson of a masked autoencoder: hidden patches of the films themselves. No labels. */
import { MASK_DECODER, MASK_RATIO } from '../../shared/domain/recipe.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { maskOrder, visibleCount } from '../numeric/pretrain/mask.ts';
import { decoderGroups } from '../numeric/pretrain/masked-autoencoder.ts';
import { maskedWork, type MaskedFilms } from '../numeric/pretrain/pretrain-step.ts';
import { maskedStart } from '../numeric/pretrain/start.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import { gridSize, vitOfRun, type VitConfig } from '../numeric/vit/config.ts';
import { epochView } from './epoch-order.ts';
import type { FilmSet } from './film-set.ts';
import { inputOf } from './model-input.ts';
import { InputFeed } from './input-feed.ts';
import type { Lesson } from './lesson.ts';
import { microParts } from './micro-parts.ts';
import type { RunHost } from './run-host.ts';
import type { RunStart } from './start-weights.ts';
import type { StepChoice } from './step-choice.ts';
import { plannedSteps } from './step-taker.ts';
import { UNJUDGED } from './validation.ts';

/** The decoder is trained along and not kept. */
export function maskedRunStart({ config }: RunPlan): RunStart {
  const vit = vitOfRun(config);
  const extra = decoderGroups(vit, MASK_DECODER);
  return { weights: maskedStart(vit, extra, config.seed), vit, extra };
}

/** Patches of a film that are hidden in the first epoch. */
export function firstHidden({ config }: RunPlan, vit: VitConfig): (film: number) => Int32Array {
  const patches = gridSize(vit) ** 2;
  return (film) => maskOrder(config.seed, 0, film, patches).subarray(visibleCount(patches, MASK_RATIO));
}

export function maskedLesson(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  films: FilmSet,
  choice: StepChoice,
): Lesson<MaskedFilms> {
  const { recipe, seed, normalisation } = plan.config;
  const { config, groups } = state;
  const input = inputOf(plan.config, config);
  const patches = gridSize(config) ** 2;
  const visible = visibleCount(patches, MASK_RATIO);
  const workOf = (recompute: boolean) =>
    maskedWork({ config, groups, decoder: MASK_DECODER, normalisation, visible, recompute });
  const steps = plannedSteps(plan, host, state, workOf, films.part('train').length, choice);
  const feed = new InputFeed(films, input);
  return {
    prepare(chosen, epoch) {
      const parts = microParts(chosen, recipe.microBatch).map(async (indices): Promise<MaskedFilms> => {
        const order = new Int32Array(indices.length * patches);
        indices.forEach((film, row) => order.set(maskOrder(seed, epoch, film, patches), row * patches));
        const images = await feed.images(indices, epochView(recipe, epoch));
        return { films: indices.length, images, order };
      });
      return Promise.all(parts);
    },
    step: steps.step,
    dispose() {
      feed.dispose();
      steps.dispose();
    },
    validate: () => Promise.resolve(UNJUDGED),
  };
}
