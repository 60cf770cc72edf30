/** @file Lessons without labels: hidden patches of the films themselves, or a larger model's tokens, computed once a view. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { MASK_DECODER, MASK_RATIO } from '../../shared/domain/recipe.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { viewSettings } from '../numeric/augment/views.ts';
import { projectionGroups } from '../numeric/pretrain/feature-distillation.ts';
import { maskOrder, visibleCount } from '../numeric/pretrain/mask.ts';
import { decoderGroups } from '../numeric/pretrain/masked-autoencoder.ts';
import {
  DISTILLED_TERMS,
  MASKED_TERMS,
  maskedGradients,
  taughtGradients,
} from '../numeric/pretrain/pretrain-step.ts';
import { distilledStart, maskedStart } from '../numeric/pretrain/start.ts';
import { TokenScaleSums, type TokenScale } from '../numeric/pretrain/token-scale.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import { optimise, sharesOf, type MeasuredTerm, type MicroStep } from '../numeric/train/train-step.ts';
import { gridSize, vitOfRun, type ParameterGroup, type VitConfig } from '../numeric/vit/config.ts';
import { disposeParameters, loadParameters, type Weights } from '../numeric/vit/parameters.ts';
import { startFrom, type ImportedWeights } from '../numeric/weights/import-weights.ts';
import { epochView } from './epoch-order.ts';
import { inputOf, type FilmSet } from './film-set.ts';
import { buildKnowledge, knowledgeReader, type KnowledgeSettings } from './knowledge-cache.ts';
import { microParts, type Lesson } from './lesson.ts';
import type { RunHost } from './run-host.ts';
import type { RunReporter } from './run-reporter.ts';
import { readStart } from './start-weights.ts';
import { orStopped } from './stopped.ts';
import type { Validation } from './validation.ts';

/** In the run's folder, for as long as it trains. */
const TOKENS_DIR = 'teacher-tokens';

/** Nothing tells good epochs from bad ones without labels: the newest is kept. */
const UNJUDGED: Validation = {
  loss: null,
  t1: { value: null, k: 0, of: 0, perFinding: [] },
  t2: null,
  merit: null,
};

export interface PretrainStart {
  readonly weights: Weights;
  readonly vit: VitConfig;
  /** Decoder or projection: trained along, not kept. */
  readonly extra: readonly ParameterGroup[];
  /** The larger model that teaches; null for hidden patches. */
  readonly larger: ImportedWeights | null;
}

/** @throws WeightsError, ServiceError UNREADABLE_FILE */
export async function pretrainStart(plan: RunPlan): Promise<PretrainStart> {
  const { seed } = plan.config;
  const vit = vitOfRun(plan.config);
  if (plan.initPath === null) {
    const extra = decoderGroups(vit, MASK_DECODER);
    return { weights: maskedStart(vit, extra, seed), vit, extra, larger: null };
  }
  const larger = await readStart(plan.initPath, plan.config.initSha256);
  const { weights, config } = atFilmSize(larger, vit, seed);
  const extra = projectionGroups(vit, config.width);
  return { weights: distilledStart(weights, config, vit, extra, seed), vit, extra, larger };
}

/** The larger model with positions and patches for the films of this run. */
function atFilmSize(larger: ImportedWeights, { imageSize, patch }: VitConfig, seed: number) {
  return startFrom(larger, { ...larger.config, imageSize, patch, t1Units: 1, t2Units: 2 }, seed);
}

function lessonOf(
  state: TrainState,
  host: RunHost,
  terms: readonly MeasuredTerm[],
  prepare: (chosen: Uint32Array, epoch: number) => Promise<readonly MicroStep[]>,
): Lesson {
  const weights = terms.map((name) => ({ name, weight: 1 }));
  return {
    async step(chosen, epoch, settings) {
      const micro = await prepare(chosen, epoch);
      const { loss, gradNorm, values } = await optimise(state, micro, settings, host.between);
      return { loss, gradNorm, terms: sharesOf(weights, values) };
    },
    validate: () => Promise.resolve(UNJUDGED),
  };
}

function maskedLesson(plan: RunPlan, host: RunHost, state: TrainState, films: FilmSet): Lesson {
  const { recipe, seed, normalisation } = plan.config;
  const input = inputOf(plan.config, state.config);
  const patches = gridSize(state.config) ** 2;
  const visible = visibleCount(patches, MASK_RATIO);
  return lessonOf(state, host, MASKED_TERMS, (chosen, epoch) => {
    const { change } = epochView(recipe, epoch, films.size);
    const micro = microParts(chosen, recipe.microBatch).map((indices) => () => {
      const { images } = films.microBatch(indices, input, change);
      const order = new Int32Array(indices.length * patches);
      indices.forEach((film, row) => order.set(maskOrder(seed, epoch, film, patches), row * patches));
      const share = indices.length / chosen.length;
      const batch = { films: indices.length, images, share, order, visible };
      return maskedGradients(state, batch, MASK_DECODER, normalisation);
    });
    return Promise.resolve(micro);
  });
}

/** Patches of a film that are hidden in the first epoch; none when a larger model is followed. */
export function firstHidden({ initPath, config }: RunPlan, vit: VitConfig): (film: number) => Int32Array {
  if (initPath !== null) return () => new Int32Array();
  const patches = gridSize(vit) ** 2;
  return (film) => maskOrder(config.seed, 0, film, patches).subarray(visibleCount(patches, MASK_RATIO));
}

/** The larger model's last block for every view of every film, from disk. @throws Stopped on pause and cancel: what is computed is kept */
async function largerTokens(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  films: FilmSet,
  larger: ImportedWeights,
  vit: VitConfig,
): Promise<ReturnType<typeof knowledgeReader>> {
  const { recipe, seed } = plan.config;
  const { weights, config } = atFilmSize(larger, vit, seed);
  const model = { config, normalisation: larger.normalisation, parameters: loadParameters(weights, config) };
  const train = films.part('train');
  const views = recipe.augment ? recipe.views : 1;
  const dir = join(plan.dir, TOKENS_DIR);
  const settings: KnowledgeSettings = {
    parts: [{ key: plan.configHash, dir, feature: 'last', point: 'block' }],
    views,
    view: recipe.augment ? (film, view) => viewSettings(view, film, films.size) : null,
    batch: recipe.microBatch,
  };
  let done = 0;
  try {
    await buildKnowledge(model, films, train, settings, {
      between: async () => {
        done += recipe.microBatch;
        reporter.portion('knowledge', done, train.length * views);
        await orStopped(host);
      },
      onShard: () => undefined,
    });
  } finally {
    disposeParameters(model.parameters);
  }
  return knowledgeReader(model, train, settings);
}

/** Mean and deviation of the tokens over the training films, each in its first view. @throws Stopped on pause and cancel */
async function scaleOf(
  tokens: ReturnType<typeof knowledgeReader>,
  train: Uint32Array,
  batch: number,
  host: RunHost,
): Promise<TokenScale> {
  let sums: TokenScaleSums | null = null;
  for (const indices of microParts(train, batch)) {
    const { feature } = await tokens(indices, 0);
    if (feature === null) throw new Error('the larger model gave no tokens');
    sums ??= new TokenScaleSums(feature.length / indices.length);
    sums.add(feature);
    await orStopped(host);
  }
  if (sums === null) throw new Error('there is no film to learn from');
  return sums.scale();
}

/** What this pre-training teaches. @throws Stopped on pause and cancel, ServiceError DISK_FULL, KnowledgeRangeError */
export async function pretrainLesson(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  state: TrainState,
  films: FilmSet,
  larger: ImportedWeights | null,
): Promise<Lesson> {
  if (larger === null) return maskedLesson(plan, host, state, films);
  const { recipe, normalisation } = plan.config;
  const input = inputOf(plan.config, state.config);
  const tokens = await largerTokens(plan, host, reporter, films, larger, state.config);
  const scale = await scaleOf(tokens, films.part('train'), recipe.microBatch, host);
  return lessonOf(state, host, DISTILLED_TERMS, async (chosen, epoch) => {
    const view = epochView(recipe, epoch, films.size);
    const micro: MicroStep[] = [];
    for (const indices of microParts(chosen, recipe.microBatch)) {
      const { feature } = await tokens(indices, view.number);
      if (feature === null) throw new Error('the larger model gave no tokens');
      const { images } = films.microBatch(indices, input, view.change);
      const share = indices.length / chosen.length;
      const batch = { films: indices.length, images, share, feature, scale };
      micro.push(() => taughtGradients(state, batch, normalisation));
    }
    return micro;
  });
}

/** The tokens on disk are of no use to any other run. */
export async function dropTokens(plan: RunPlan): Promise<void> {
  await rm(join(plan.dir, TOKENS_DIR), { recursive: true, force: true });
}
