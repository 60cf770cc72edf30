/** @file `bench`: time and memory of a train step, a distil step and a prediction, each in a process of its own. */
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { formatBytes } from '../../../shared/domain/numbers.ts';
import { presetRecipe } from '../../../shared/domain/recipe.ts';
import {
  BENCH_WORK,
  benchSettings,
  type BenchSettings,
  type BenchWork,
} from '../../../shared/worker/bench.ts';
import { WORKER_ENV } from '../../node/worker-host-node.ts';
import { quantile } from '../../numeric/metrics/bootstrap.ts';
import { startMeasured, type MeasuredProcess } from '../bench/measured-process.ts';
import { pythonWithTorch } from '../bench/pytorch.ts';
import { numberOption, textOption } from '../options.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

const OURS = fileURLToPath(new URL('../../worker/bench.ts', import.meta.url));
const TORCH = fileURLToPath(new URL('../../../resources/bench/torch-bench.py', import.meta.url));

/** Steps that are not counted: compilers, caches and allocators settle. */
const WARM_UP = 3;

const NAMES: Readonly<Record<BenchWork, string>> = {
  train: 'train step',
  distil: 'distil step',
  predict: 'predict',
};

interface Figures {
  /** Median of a step. */
  readonly ms: number;
  /** Quartiles of a step. */
  readonly spread: readonly [number, number];
  readonly imagesPerSecond: number;
  /** The most memory that the process held, bytes; null where the system does not say. */
  readonly rss: number | null;
}

interface Row extends Figures {
  readonly what: string;
  /** Our ms / PyTorch's ms; null without a comparison. */
  readonly ratio: number | null;
  readonly pytorch: Figures | null;
}

/** Steps of all processes in turn, so that whatever else the machine does meets each of them. */
async function takeTurns(processes: readonly MeasuredProcess[], steps: number): Promise<number[][]> {
  const times = processes.map((): number[] => []);
  for (let step = 0; step < WARM_UP + steps; step += 1) {
    for (const [index, one] of processes.entries()) {
      const ms = await one.step();
      if (step >= WARM_UP) times[index]?.push(ms);
    }
  }
  return times;
}

/**
 * Both get the environment of our workers. It matters to PyTorch as well: with OMP_WAIT_POLICY=passive its threads do not
 * spin for each other while something else holds a processor, which would make it several times slower.
 */
async function startBoth(settings: BenchSettings, python: string | null): Promise<MeasuredProcess[]> {
  const argument = JSON.stringify(settings);
  const env = { ...process.env, ...WORKER_ENV, ELECTRON_RUN_AS_NODE: '1' };
  const ours = await startMeasured('Our step', process.execPath, [OURS, argument], env);
  if (python === null) return [ours];
  try {
    const torch = await startMeasured("PyTorch's step", python, ['-W', 'ignore', TORCH, argument], env);
    if (torch.ready.parameters === ours.ready.parameters) return [ours, torch];
    torch.kill();
    throw new Error('the two models differ in size');
  } catch (error) {
    ours.kill();
    throw error;
  }
}

async function measure(settings: BenchSettings, steps: number, python: string | null) {
  const processes = await startBoth(settings, python);
  try {
    const times = await takeTurns(processes, steps);
    const images = settings.what === 'predict' ? 1 : settings.batch;
    const figures: Figures[] = [];
    for (const [index, one] of processes.entries()) {
      const own = Float64Array.from(times[index] ?? []).sort();
      const ms = quantile(own, 0.5);
      const spread = [quantile(own, 0.25), quantile(own, 0.75)] as const;
      figures.push({ ms, spread, imagesPerSecond: (images * 1000) / ms, rss: await one.end() });
    }
    const [ours, pytorch = null] = figures;
    if (ours === undefined) throw new Error('nothing was measured');
    const ratio = pytorch === null ? null : ours.ms / pytorch.ms;
    const row: Row = { what: NAMES[settings.what], ...ours, ratio, pytorch };
    return { row, ready: processes.map(({ ready }) => ready) };
  } finally {
    for (const one of processes) one.kill();
  }
}

const figuresText = ({ ms, spread, imagesPerSecond, rss }: Figures): string =>
  `${ms.toFixed(1)} ms (${spread.map((value) => value.toFixed(1)).join('–')}), ${imagesPerSecond.toFixed(1)} films/s, ${rss === null ? '–' : formatBytes(rss)}`;

function rowText({ what, ratio, pytorch, ...ours }: Row): string {
  const head = `${what}: ${figuresText(ours)}`;
  return pytorch === null
    ? head
    : `${head}; PyTorch ${figuresText(pytorch)}; ratio ${ratio?.toFixed(2) ?? '–'}`;
}

const request = benchSettings
  .omit({ what: true, microBatch: true })
  .extend({ steps: z.number().int().min(1).max(1000), against: z.literal('pytorch').nullable() });

function requestFrom(options: VerbArguments['options']) {
  const parsed = request.safeParse({
    model: textOption(options, 'model') ?? 'tiny',
    batch: numberOption(options, 'batch') ?? 8,
    steps: numberOption(options, 'steps') ?? 10,
    against: textOption(options, 'against') ?? null,
    recompute: options['save-memory'] === true,
    precision: textOption(options, 'precision') ?? 'single',
  });
  if (parsed.success) return parsed.data;
  throw new Refusal('BAD_INPUT', `The settings do not fit: ${z.prettifyError(parsed.error)}`);
}

export const bench: Verb = {
  name: 'bench',
  usage:
    'bench [--against pytorch] [--model tiny|small|base] [--batch N] [--steps N] [--save-memory] [--precision single|mixed|mixed-f16]',
  summary: 'time and memory of a train step, a distil step and a prediction on this machine',
  options: {
    against: { type: 'string' },
    model: { type: 'string' },
    batch: { type: 'string' },
    steps: { type: 'string' },
    'save-memory': { type: 'boolean' },
    precision: { type: 'string' },
  },
  run: async ({ options, positionals }) => {
    if (positionals.length > 0)
      throw new Refusal('BAD_INPUT', `bench takes options only, not ${positionals[0]}.`);
    const { model, batch, steps, against, recompute, precision } = requestFrom(options);
    const python = against === null ? null : pythonWithTorch();
    const microBatch = Math.min(batch, presetRecipe('quick', model).microBatch);
    const measured = [];
    for (const what of BENCH_WORK) {
      process.stderr.write(`${NAMES[what]} of a ViT-${model} …\n`);
      measured.push(await measure({ what, model, batch, microBatch, recompute, precision }, steps, python));
    }
    const rows = measured.map(({ row }) => row);
    const [engine, pytorch = null] = measured[0]?.ready ?? [];
    return {
      json: { model, batch, microBatch, recompute, precision, steps, engine, pytorch, rows },
      text: rows.map(rowText).join('\n'),
    };
  },
};
