/** @file A run that makes a smaller model from a larger one and the training films; what is fitted is kept block by block. */
import { join } from 'node:path';

import { errorCode } from '../../shared/domain/disk-error.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { sweep } from '../files/leftovers.ts';
import type { LibraryVault } from '../files/vault.ts';
import { compressModel, type Fitted, type FilmSource } from '../numeric/pretrain/compress/compress-model.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import { initParameters } from '../numeric/vit/init.ts';
import { startFrom, type ImportedWeights } from '../numeric/weights/import-weights.ts';
import { floatTensor, readSafetensors, writeSafetensors } from '../numeric/weights/safetensors.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';
import type { FilmSet } from './film-set.ts';
import { inputOf } from './model-input.ts';
import { warn, type RunHost } from './run-host.ts';
import type { RunReporter } from './run-reporter.ts';
import { orStopped } from './stopped.ts';
import type { TrainOutcome } from './train-run.ts';
import { UNJUDGED } from './validation.ts';

/** In the run's folder, for as long as it is at work. */
const FITTED_FILE = 'fitted.safetensors';
const REDUCE = 'reduce';
const HASH_KEY = 'chestlight.config';
const BLOCKS_KEY = 'chestlight.blocks';

/** More would fill the memory with their tokens and hardly change the fit. */
const MOST_FILMS = 1024;

/** @throws Stopped on pause and cancel, WeightsError, ServiceError DISK_FULL */
export async function compressPlanned(
  plan: RunPlan,
  host: RunHost,
  reporter: RunReporter,
  films: FilmSet,
  larger: ImportedWeights,
  vit: VitConfig,
): Promise<NonNullable<TrainOutcome['best']>> {
  const { seed, normalisation } = plan.config;
  const { imageSize, patch } = vit;
  const { weights, config } = startFrom(
    larger,
    { ...larger.config, imageSize, patch, t1Units: 1, t2Units: 2 },
    seed,
  );
  const from = plan.resumeFrom === null ? null : await readFitted(plan, host);
  const fitted = await compressModel(
    { weights, config, normalisation },
    vit,
    filmSource(films, inputOf(plan.config, vit)),
    {
      from,
      between: async (done, total) => {
        reporter.portion('compressing', done, total);
        await orStopped(host);
      },
      onBlock: (soFar) => writeFitted(plan, host.vault, soFar),
    },
  );
  return { epoch: 0, weights: new Map([...initParameters(vit, seed), ...fitted]), validation: UNJUDGED };
}

/** Training films at even distances in plan order. */
function filmSource(films: FilmSet, input: ReturnType<typeof inputOf>): FilmSource {
  const all = films.part('train');
  const count = Math.min(all.length, MOST_FILMS);
  const chosen = Uint32Array.from(
    { length: count },
    (_, at) => all[Math.floor((at * all.length) / count)] ?? 0,
  );
  return {
    count,
    images: (first, length) => films.images(chosen.subarray(first, first + length), input),
  };
}

async function writeFitted(
  { dir, configHash }: RunPlan,
  vault: LibraryVault,
  { reduce, weights, blocks }: Fitted,
): Promise<void> {
  const tensors = new Map(
    [[REDUCE, reduce] as const, ...weights].map(([name, values]) => [
      name,
      { shape: [values.length], values },
    ]),
  );
  const metadata = { [HASH_KEY]: configHash, [BLOCKS_KEY]: String(blocks) };
  await vault.write(join(dir, FITTED_FILE), writeSafetensors(tensors, { metadata }));
}

/** What was fitted before the run was cut off; null when there is nothing that can be used. */
async function readFitted({ dir, configHash }: RunPlan, host: RunHost): Promise<Fitted | null> {
  try {
    const { tensors, metadata } = readSafetensors(await host.vault.read(join(dir, FITTED_FILE)));
    if (metadata.get(HASH_KEY) !== configHash) return null;
    const weights = new Map([...tensors].map(([name, raw]) => [name, floatTensor(name, raw).values]));
    const reduce = weights.get(REDUCE);
    if (reduce === undefined) return null;
    weights.delete(REDUCE);
    return { reduce, weights, blocks: Number(metadata.get(BLOCKS_KEY)) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (!(error instanceof WeightsError)) throw error;
    warn(host, `What was fitted before cannot be used (${error.message}); the run begins again.`);
    return null;
  }
}

/** No other run can use it. */
export async function dropFitted({ dir }: RunPlan): Promise<void> {
  await sweep(join(dir, FITTED_FILE));
}
