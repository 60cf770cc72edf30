/** @file What a run will cost on this machine: from the rate of an earlier run, else from a measurement of its steps, else by a rule of thumb. */
import { freemem, totalmem } from 'node:os';

import { z } from 'zod';

import type { EpochRecord, Estimate, RunConfig } from '../../../shared/contract/training.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';
import { formatBytes } from '../../../shared/domain/numbers.ts';
import type { Precision, VitVariant } from '../../../shared/domain/recipe.ts';
import { isTaught, neededFeature } from '../../numeric/methods/needs.ts';
import { worthCompiling } from '../../numeric/engine/worth-compiling.ts';
import { parameterCount, tokenCount, vitConfig, vitOfRun } from '../../numeric/vit/config.ts';
import type { RunRow } from '../../store/runs.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { knownMachineRate } from './machine-rate.ts';
import { stepBytes } from './memory-need.ts';
import { teacherParts } from './teacher-parts.ts';

/** Seconds a film takes forward and backward on two cores: Tiny and Small measured (docs/performance.md), Base by its multiply-adds. */
const RULE_OF_THUMB: Readonly<Record<VitVariant, number>> = { tiny: 0.05, small: 0.16, base: 0.6 };
/** A forward pass alone costs about a third. */
const FORWARD_SHARE = 1 / 3;
/** Cost of a step on hidden patches beside one on all tokens: a quarter of the tokens, and the decoder; measured with ViT-Tiny. */
const MASKED_SHARE = 0.6;

/** Machines, and runs in mixed precision, have a rate of their own. */
const rateKey = (machine: string, model: VitVariant, precision: Precision): string =>
  `rate.${model}.${precision}@${machine}`;

/** Keeps the rate of an epoch with labels, all tokens and its steps as a graph, by the precision that it ran in; not of one that has the making of the graph in it. */
export function rememberRate(
  library: OpenLibrary,
  machine: string,
  { config, steps }: Pick<RunRow, 'config' | 'steps'>,
  { imagesPerSecond }: Pick<EpochRecord, 'imagesPerSecond'>,
): void {
  const { method, model, input, recipe } = config;
  const isUsual = input.tokens !== 'few' && method !== 'pretrain' && !recipe.recompute;
  if (isUsual && imagesPerSecond > 0 && steps?.engine === 'graph') {
    library.store.settings.set(rateKey(machine, model, steps.precision), imagesPerSecond);
  }
}

/** Seconds before the first film: the process, the films, the compiled step. */
const START_SECONDS = 6;
/** What comes once beside the films (start, graphs of other batches and of scoring, the last figures), in starts; measured. */
const STARTS = { graph: 2.2, eager: 1.2 } as const;
/** A training step of single operations beside one of a graph; measured. */
const EAGER_SHARE = 1.5;
/** Checkpoint and best weights of an epoch: bytes written for a byte of weights, and bytes a second with their hashes; measured. */
const WRITTEN = 4;
const WRITTEN_A_SECOND = 200e6;

function secondsPerFilm(
  library: OpenLibrary,
  machine: string,
  model: VitVariant,
  precision: Precision,
): { seconds: number; basis: string } {
  const rate = z
    .number()
    .positive()
    .safeParse(library.store.settings.get(rateKey(machine, model, precision)));
  if (rate.success) return { seconds: 1 / rate.data, basis: 'measured on this machine by an earlier run' };
  const measured = knownMachineRate(library, machine, model);
  if (measured === null) {
    return { seconds: RULE_OF_THUMB[model], basis: 'rule of thumb for two processor cores' };
  }
  const { mixed } = measured;
  return {
    seconds: precision === mixed?.precision ? mixed.secondsPerFilm : measured.secondsPerFilm,
    basis: 'measured on this machine with films of noise',
  };
}

/**
 * What a film costs while a larger model is made smaller, beside one training step of the larger one: two forward passes, and the
 * sums of the least squares. Measured with ViT-Small to ViT-Tiny.
 */
const COMPRESS_SHARE = 1.7;
/** And solving them, whatever the number of films. */
const COMPRESS_SECONDS = 16;

/** The size above, which is what a smaller model is usually made from; null for hidden patches. */
function largerModel({ init, model }: RunConfig): VitVariant | null {
  if (init === null) return null;
  return model === 'tiny' ? 'small' : 'base';
}

/** Views of every film that the teacher has been asked about for this run, all that the run needs of it. */
function viewsAnswered(library: OpenLibrary, config: RunConfig, films: readonly DatasetFilm[]): number {
  const { teacherRunId, recipe } = config;
  const known = library.store.runs
    .knowledge()
    .filter((one) => one.teacherRunId === teacherRunId && one.complete);
  if (teacherRunId === null || known.length === 0) return 0;
  const views = teacherParts(library, teacherRunId, config, films).map(
    ({ key }) => known.find((one) => one.key === key)?.views ?? 0,
  );
  return Math.min(...views, recipe.augment ? recipe.views : 1);
}

export interface RunEstimate extends Omit<Estimate, 'refusals' | 'measuring' | 'mixed'> {
  /** Why the disk or this computer's memory is too small; null = neither is. */
  readonly tooBig: { readonly code: 'DISK_FULL' | 'OUT_OF_MEMORY'; readonly message: string } | null;
  /** Of `diskBytes` what stays when the run is over, and what goes. */
  readonly keptBytes: number;
  readonly passingBytes: number;
}

export interface EstimateChoice {
  /** The teacher will have been asked by another run before. */
  readonly answered?: boolean;
  /** Of this computer, bytes. */
  readonly memory?: { readonly free: number; readonly total: number };
}

/** `machine` as of `machineName`. */
export function estimateRun(
  library: OpenLibrary,
  machine: string,
  config: RunConfig,
  films: readonly DatasetFilm[],
  freeDiskBytes: number,
  { answered = false, memory = { free: freemem(), total: totalmem() } }: EstimateChoice = {},
): RunEstimate {
  const { recipe, model } = config;
  const counts = { train: 0, validation: 0, test: 0 };
  for (const { part } of films) counts[part] += 1;
  const { train } = counts;
  const { seconds, basis } = secondsPerFilm(library, machine, model, recipe.precision);
  const vit = vitOfRun(config);
  const full = vitConfig(model, { t1Units: config.findings.length });
  const views = recipe.augment ? recipe.views : 1;
  const feature = neededFeature(config.method, config.loss);
  const pretrains = config.method === 'pretrain';
  const larger = pretrains ? largerModel(config) : null;
  const asks = isTaught(config.method) && !answered;
  const teacherFilms = asks ? train * (views - viewsAnswered(library, config, films)) : 0;
  const forwardFilms = recipe.epochs * counts.validation + counts.validation + counts.test;
  // Cost goes by tokens; the rate is that of all 197.
  const ownShare = pretrains ? MASKED_SHARE : tokenCount(vit) / tokenCount(full);
  const perView = { none: 0, mean: 1, last: 1, blocks: vit.depth }[feature];
  const weightBytes = parameterCount(vit) * 4;
  const knowledgeBytes = teacherFilms * perView * tokenCount(full) * full.width * 2;
  // The weights of a pre-training are kept twice, as a run's and as a start.
  const keptBytes = pretrains ? 2 * weightBytes : knowledgeBytes + weightBytes;
  const passingBytes =
    larger !== null ? weightBytes : weightBytes * (2 * (recipe.emaDecay === null ? 3 : 4) + 1);
  const diskBytes = keptBytes + passingBytes;
  const streamBytes =
    larger === null
      ? 0
      : train * tokenCount(full) * (full.width + vitConfig(larger, { t1Units: 1 }).width) * 4;
  // Whatever films are taken at once, all of them lie in memory from the start.
  const heldBytes = films.length * MODEL_SIDE ** 2 + streamBytes;
  const memoryBytes = stepBytes(vit, recipe) + heldBytes;
  const leastBytes = stepBytes(vit, { microBatch: 1, recompute: true }) + heldBytes;
  const steps = worthCompiling(recipe, train) ? 'graph' : 'eager';
  const share = (recipe.recompute ? 1 + FORWARD_SHARE : 1) * (steps === 'eager' ? EAGER_SHARE : 1);
  const warnings = [
    memoryBytes > memory.free &&
      `About ${formatBytes(memoryBytes)} of memory is needed, ${formatBytes(memory.free)} is free. Close other programs, lower the micro-batch or choose to save memory.`,
    train < 50 && `Only ${train} training films: whatever comes out is a rehearsal, not a result.`,
  ].filter((one) => one !== false);
  const tooBig =
    diskBytes > freeDiskBytes
      ? ({
          code: 'DISK_FULL',
          message: `The run needs about ${formatBytes(diskBytes)} on disk, ${formatBytes(freeDiskBytes)} is free. Free some space.`,
        } as const)
      : leastBytes > memory.total
        ? ({
            code: 'OUT_OF_MEMORY',
            message: `The run needs at least ${formatBytes(leastBytes)} of memory, ${formatBytes(heldBytes)} of it for its ${films.length} films, and this computer has ${formatBytes(memory.total)}. Choose a split with fewer films or a smaller model.`,
          } as const)
        : null;
  return {
    seconds:
      larger !== null
        ? COMPRESS_SECONDS + (seconds * RULE_OF_THUMB[larger] * COMPRESS_SHARE * train) / RULE_OF_THUMB[model]
        : STARTS[steps] * (knownMachineRate(library, machine, model)?.startSeconds ?? START_SECONDS) +
          (recipe.epochs * weightBytes * WRITTEN) / WRITTEN_A_SECOND +
          seconds *
            ((train * recipe.epochs * share + forwardFilms * FORWARD_SHARE) * ownShare +
              teacherFilms * FORWARD_SHARE),
    memoryBytes,
    diskBytes,
    keptBytes,
    passingBytes,
    films: train,
    steps: recipe.epochs * Math.ceil(train / recipe.batch),
    basis,
    warnings,
    tooBig,
  };
}
