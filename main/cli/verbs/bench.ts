/** @file `bench`: time and memory of a train step, a distil step and a prediction, each in a process of its own. */
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { formatBytes } from '../../../shared/domain/numbers.ts';
import { presetRecipe, VIT_VARIANTS, type VitVariant } from '../../../shared/domain/recipe.ts';
import {
  BENCH_WORK,
  benchSettings,
  type BenchSettings,
  type BenchWork,
} from '../../../shared/worker/bench.ts';
import { WORKER_ENV } from '../../node/worker-host-node.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { quantile } from '../../numeric/metrics/bootstrap.ts';
import { page, rowText, type Figures, type Row } from '../bench/figures.ts';
import { startMeasured, startOurs, type MeasuredProcess } from '../bench/measured-process.ts';
import { pythonWithTorch } from '../bench/pytorch.ts';
import { numberOption, textOption } from '../options.ts';
import { refuseUnlessWritable } from '../out-file.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

const TORCH = fileURLToPath(new URL('../../../resources/bench/torch-bench.py', import.meta.url));

/** Steps that are not counted: compilers, caches and allocators settle. */
const WARM_UP = 3;

const NAMES: Readonly<Record<BenchWork, string>> = {
  train: 'train step',
  distil: 'distil step',
  predict: 'predict',
  'predict-batch': 'predict batch',
};

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
  const ours = await startOurs(settings);
  if (python === null) return [ours];
  const argument = JSON.stringify(settings);
  const env = { ...process.env, ...WORKER_ENV };
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
    let taken: Row['steps'] = null;
    for (const [index, one] of processes.entries()) {
      const own = Float64Array.from(times[index] ?? []).sort();
      const ms = quantile(own, 0.5);
      const spread = [quantile(own, 0.25), quantile(own, 0.75)] as const;
      const { rssBytes: rss, ownBytes: ownRss, steps: ran } = await one.end();
      if (index === 0) taken = ran ?? null;
      figures.push({ ms, spread, imagesPerSecond: (images * 1000) / ms, rss, ownRss });
    }
    const [ours, pytorch = null] = figures;
    if (ours === undefined) throw new Error('nothing was measured');
    const ratio = pytorch === null ? null : ours.ms / pytorch.ms;
    const what = NAMES[settings.what];
    const row: Row = { model: settings.model, what, ...ours, ratio, pytorch, steps: taken };
    return { row, ready: processes.map(({ ready }) => ready) };
  } finally {
    for (const one of processes) one.kill();
  }
}

const request = benchSettings.omit({ what: true }).extend({
  model: z.enum([...VIT_VARIANTS, 'all']),
  microBatch: benchSettings.shape.microBatch.optional(),
  steps: z.number().int().min(1).max(1000),
  against: z.literal('pytorch').nullable(),
});

function requestFrom(options: VerbArguments['options']) {
  const parsed = request.safeParse({
    model: textOption(options, 'model') ?? 'tiny',
    batch: numberOption(options, 'batch') ?? 8,
    microBatch: numberOption(options, 'micro-batch'),
    films: numberOption(options, 'films') ?? 1,
    steps: numberOption(options, 'steps') ?? 10,
    against: textOption(options, 'against') ?? null,
    recompute: options['save-memory'] === true,
    precision: textOption(options, 'precision') ?? 'single',
    tokens: textOption(options, 'tokens') ?? 'upsampled',
  });
  if (parsed.data?.against === 'pytorch' && parsed.data.tokens !== 'upsampled')
    throw new Refusal(
      'BAD_INPUT',
      "PyTorch's step is written for upsampled tokens: leave out --against or --tokens.",
    );
  if (parsed.success) return parsed.data;
  throw new Refusal('BAD_INPUT', `The settings do not fit: ${z.prettifyError(parsed.error)}`);
}

/** Options that say nothing of what was measured, and may name a person's folder. */
const HERE: ReadonlySet<string> = new Set(['write', 'force', 'json']);

/** `most` as asked; else what the presets take. */
function microBatchOf(batch: number, model: VitVariant, most: number | undefined): number {
  return Math.min(batch, most ?? presetRecipe('quick', model).microBatch);
}

/** What both processes of ViT-Base hold at once, bytes: 2.8 and 3.0 GB (docs/benchmarks.md). */
const BASE_BYTES = 6.5e9;

/** Why a model is left out where all are asked for; null = it is not. */
function lacksMemory(model: VitVariant): string | null {
  if (model !== 'base' || freemem() >= BASE_BYTES) return null;
  return `ViT-base is left out: it needs ${formatBytes(BASE_BYTES)} of memory, ${formatBytes(freemem())} is free.`;
}

export const bench: Verb = {
  name: 'bench',
  usage:
    'bench [--against pytorch] [--model tiny|small|base|all] [--write FILE] [--batch N] [--micro-batch N] [--films N] [--steps N] [--save-memory] [--precision single|mixed|mixed-f16] [--tokens upsampled|native|few]',
  summary: 'time and memory of a train step, a distil step and predictions on this machine',
  options: {
    against: { type: 'string' },
    model: { type: 'string' },
    write: { type: 'string' },
    force: { type: 'boolean' },
    batch: { type: 'string' },
    'micro-batch': { type: 'string' },
    films: { type: 'string' },
    steps: { type: 'string' },
    'save-memory': { type: 'boolean' },
    precision: { type: 'string' },
    tokens: { type: 'string' },
  },
  run: async ({ options }) => {
    const { steps, against, model, microBatch: most, ...asked } = requestFrom(options);
    const file = textOption(options, 'write') ?? null;
    if (file !== null) refuseUnlessWritable(file, options);
    const python = against === null ? null : pythonWithTorch();
    const measured = [];
    const notes: string[] = [];
    for (const variant of model === 'all' ? VIT_VARIANTS : [model]) {
      const lack = model === 'all' ? lacksMemory(variant) : null;
      if (lack !== null) {
        process.stderr.write(`${lack}\n`);
        notes.push(lack);
        continue;
      }
      const settings = { ...asked, model: variant, microBatch: microBatchOf(asked.batch, variant, most) };
      for (const what of BENCH_WORK) {
        process.stderr.write(`${NAMES[what]} of a ViT-${variant} …\n`);
        measured.push(await measure({ what, ...settings }, steps, python));
      }
    }
    const rows = measured.map(({ row }) => row);
    const [engine, pytorch = null] = measured[0]?.ready ?? [];
    if (engine === undefined) throw new Refusal('OUT_OF_MEMORY', notes.join(' '));
    if (file !== null) {
      const said = Object.entries(options).flatMap(([name, value]) =>
        HERE.has(name) ? [] : [value === true ? `--${name}` : `--${name} ${value}`],
      );
      const shown = { command: ['bench', ...said].join(' '), date: new Date(), ours: engine, pytorch };
      await writeFileAtomic(file, new TextEncoder().encode(page(rows, shown, notes)), { mode: 0o644 });
    }
    const microBatch = microBatchOf(asked.batch, model === 'all' ? 'tiny' : model, most);
    return {
      json: { model, ...asked, microBatch, steps, engine, pytorch, rows, notes, file },
      text: [...rows.map(rowText), ...notes].join('\n'),
    };
  },
};
