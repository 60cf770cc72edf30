/** @file Runs without labels: from a request to a configuration, and from a finished run to start weights of the library. */
import { createHash } from 'node:crypto';

import type { RunConfig, RunRequest } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, pretrainRecipe } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { refuseUnlessNarrower } from '../../numeric/pretrain/compress/refuse-unless-narrower.ts';
import { vitOfRun } from '../../numeric/vit/config.ts';
import { importWeights } from '../../numeric/weights/import-weights.ts';
import { PIXEL_PIPELINE } from '../import/pipeline-version.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import { filledRecipe } from './filled-recipe.ts';
import { runWeights } from './run-weights.ts';
import { importStart, keptInit, startLicence, startNormalisation } from './start-weights.ts';

/** Hidden patches of the films, or a larger model that is named as `init`. */
export function pretrainKind({ init }: Pick<RunConfig, 'init'>): 'masked' | 'compressed' {
  return init === null ? 'masked' : 'compressed';
}

function checkRequest({ resolution, teacherRunId, init, recipe }: RunRequest): void {
  const refuse = (message: string): never => {
    throw new ServiceError('BAD_INPUT', message);
  };
  if (init !== null && Object.keys(definedOnly(recipe)).length > 0) {
    refuse(
      'A larger model is made smaller in one go: epochs, batch and rate have no meaning there. Leave them out.',
    );
  }
  if (resolution !== 224) refuse('Pre-training sees the films at 224 px.');
  if (teacherRunId !== null) {
    refuse('Pre-training takes no teacher of this library; name weights of a larger model as its start.');
  }
}

/** The configuration of a pre-training on the training part of a split. @throws ServiceError BAD_INPUT */
export function pretrainConfig(
  request: RunRequest,
  splitId: RunConfig['splitId'],
  normalisation: RunConfig['normalisation'],
): RunConfig {
  checkRequest(request);
  const recipe = filledRecipe(pretrainRecipe(request.preset, pretrainKind(request)), request.recipe);
  return {
    method: 'pretrain',
    model: request.model,
    resolution: 224,
    teacherRunId: null,
    splitId,
    findings: [],
    recipe: { ...recipe, patience: null }, // nothing tells a good epoch from a bad one
    loss: PAPER_LOSS,
    seed: request.seed,
    init: request.init,
    initSha256: null,
    t2Units: 2,
    layerNormEpsilon: 1e-6,
    normalisation,
    preprocessing: PIXEL_PIPELINE,
    input: PAPER_INPUT,
    positiveWeights: null,
    labelRule: 'majority',
    labelVersionId: null,
  };
}

/** What a run takes over from the larger model that it is made from. @throws WeightsError when it is not larger */
export function largerStart(
  library: OpenLibrary,
  bytes: Uint8Array,
  init: string,
  config: RunConfig,
): Pick<RunConfig, 'init' | 'initSha256' | 'normalisation' | 'layerNormEpsilon'> {
  const { config: larger, normalisation: usual } = importWeights(bytes);
  const normalisation = startNormalisation(library, init) ?? usual;
  const own = vitOfRun(config);
  if (larger.width === own.width) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `Those weights are a ViT-${larger.variant} themselves: start a teacher from them. To make a smaller model from, a larger one is needed.`,
    );
  }
  refuseUnlessNarrower({ ...larger, imageSize: own.imageSize, patch: own.patch }, own);
  return {
    init: keptInit(init),
    initSha256: createHash('sha256').update(bytes).digest('hex'),
    normalisation: { mean: [...normalisation.mean], std: [...normalisation.std] },
    layerNormEpsilon: larger.layerNormEpsilon,
  };
}

/** The weights of a finished pre-training become start weights, under the run's name. @throws ServiceError */
export async function keepAsStart(library: OpenLibrary, clock: Clock, id: RunId): Promise<void> {
  const { name, config } = library.store.runs.get(id);
  const { bytes } = await runWeights(library, id, 'app');
  const own = 'this library’s films';
  const licence = config.init === null ? own : `${own}; larger model: ${startLicence(library, config.init)}`;
  await importStart(library, clock, bytes, { title: name, licence });
}
