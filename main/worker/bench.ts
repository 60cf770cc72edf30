/** @file Entry of the measured process of `bench`: one train step, distil step or prediction for every line that it reads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

import { PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import { benchSettings, type BenchSettings } from '../../shared/worker/bench.ts';
import { plainVault } from '../files/vault.ts';
import { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { CompiledTrainer } from '../numeric/engine/graph/compiled-trainer.ts';
import { loadEngine } from '../numeric/engine/load-engine.ts';
import { TrainState } from '../numeric/train/train-state.ts';
import { labelledWork } from '../numeric/train/train-step.ts';
import { parameterCount, vitConfig, type VitConfig } from '../numeric/vit/config.ts';
import { initParameters, uniformGenerator } from '../numeric/vit/init.ts';
import { loadParameters } from '../numeric/vit/parameters.ts';
import { FilmSet } from './film-set.ts';
import { compilesGraphs } from './graph-choice.ts';
import { buildKnowledge, knowledgeReader, type KnowledgeSettings } from './knowledge-cache.ts';
import { microSizes } from './lesson.ts';
import { predictFilms } from './predict-films.ts';
import { stepTaker } from './step-taker.ts';

const FINDINGS = 22;
const LOW = 28;
const NORMALISATION = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

type Step = () => Promise<unknown>;

const functions = new CompiledFunctions({
  compile: compilesGraphs(),
  onEager: (why) => process.stderr.write(`Measured without a graph: ${why}\n`),
});

/** `count` films of noise with random labels, read from files as a run reads them. */
async function noiseFilms(dir: string, count: number, side: number): Promise<FilmSet> {
  const uniform = uniformGenerator(1);
  const coin = (): 0 | 1 => (uniform() < 0.5 ? 0 : 1);
  const films = Array.from({ length: count }, (_, index) => {
    const image = join(dir, `${index}.grey`);
    writeFileSync(
      image,
      Uint8Array.from({ length: side * side }, () => uniform() * 256),
    );
    const t1 = Array.from({ length: FINDINGS }, coin);
    return { filmId: `${index}`, patient: `${index}`, part: 'train' as const, image, t1, t2: coin() };
  });
  return await FilmSet.load(plainVault(), films, FINDINGS, side);
}

/** The answers of a teacher with other weights, in a cache on disk. */
async function knowledge(dir: string, films: FilmSet, vit: VitConfig, batch: number) {
  const settings: KnowledgeSettings = {
    parts: (['none', 'mean'] as const).map((feature) => ({
      key: feature,
      dir: join(dir, `knowledge-${feature}`),
      feature,
      point: 'block',
    })),
    views: 1,
    augmented: false,
    batch,
    functions,
    vault: plainVault(),
  };
  const parameters = loadParameters(initParameters(vit, 2), vit);
  const teacher = { config: vit, normalisation: NORMALISATION, parameters };
  const train = films.part('train');
  const hooks = { between: () => Promise.resolve(), onKnown: () => undefined, onShard: () => undefined };
  await buildKnowledge(teacher, films, train, settings, hooks);
  for (const tensor of parameters.values()) tensor.dispose();
  return knowledgeReader(teacher, train, settings);
}

async function training(dir: string, settings: BenchSettings, vit: VitConfig): Promise<Step> {
  const { what, batch, microBatch, model, recompute, precision } = settings;
  const distils = what === 'distil';
  const films = await noiseFilms(dir, batch, vit.imageSize);
  const teacher = distils ? await knowledge(dir, films, vit, microBatch) : null;
  const state = new TrainState(vit, initParameters(vit, 1), { ema: false });
  const { weightDecay, learningRate, clipNorm } = presetRecipe('quick', model);
  const objective = {
    method: distils ? ('mlcak' as const) : ('teacher' as const),
    loss: PAPER_LOSS,
    normalisation: NORMALISATION,
    recompute,
  };
  const optimiser = { learningRate, weightDecay, clipNorm, emaDecay: null };
  const work = labelledWork(vit, objective);
  const compiled = !compilesGraphs()
    ? null
    : new CompiledTrainer({
        state,
        work,
        precision,
        sizes: microSizes(batch, settings),
        onSingle: (why) => process.stderr.write(`Measured in single precision: ${why}\n`),
        onEager: (why) => process.stderr.write(`Measured without the compiled step: ${why}\n`),
      });
  const steps = stepTaker(state, work, compiled, () => Promise.resolve());
  const train = films.part('train');
  const { imageSize } = vit;
  const input = {
    resolution: distils ? LOW : imageSize,
    side: imageSize,
    reduce: 'area',
    upsample: 'bilinear',
  } as const;
  return async () => {
    const batches = [];
    for (let start = 0; start < batch; start += microBatch) {
      const indices = train.subarray(start, start + microBatch);
      const outputs = teacher === null ? null : await teacher(indices, 0);
      batches.push({
        ...films.labels(indices),
        images: films.images(indices, input),
        teacher: outputs,
      });
    }
    return await steps.step(batches, optimiser);
  };
}

async function predicting(dir: string, vit: VitConfig): Promise<Step> {
  const films = await noiseFilms(dir, 1, vit.imageSize);
  const parameters = loadParameters(initParameters(vit, 1), vit);
  const model = { config: vit, normalisation: NORMALISATION, parameters };
  const question = {
    images: [films.image(0)],
    input: { resolution: vit.imageSize, reduce: 'area', upsample: 'bilinear' } as const,
    findings: Array.from({ length: FINDINGS }, (_, index) => `${index}`),
    attention: [{ method: 'last' as const, head: null, target: null }],
    features: true, // as for a model that has its likeness fitted
    trainable: true,
  };
  return () => Promise.resolve(predictFilms(model, question, functions));
}

function say(values: object): void {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}

async function main(): Promise<void> {
  const settings = benchSettings.parse(JSON.parse(process.argv[2] ?? 'null'));
  const engine = await loadEngine();
  if (!engine.trainable) throw new Error(engine.reason ?? 'Training is off on this machine.');
  const vit = vitConfig(settings.model, { t1Units: FINDINGS });
  const dir = mkdtempSync(join(tmpdir(), 'chestlight-bench-'));
  try {
    const step =
      settings.what === 'predict' ? await predicting(dir, vit) : await training(dir, settings, vit);
    say({
      parameters: parameterCount(vit),
      version: engine.tensorflow ?? engine.backend,
      threads: engine.threads,
      ...(engine.device === 'none' ? {} : { device: engine.device }),
    });
    for await (const _ of createInterface({ input: process.stdin })) {
      const began = performance.now();
      await step();
      say({ ms: performance.now() - began });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  say({ rssBytes: process.resourceUsage().maxRSS * 1024 });
}

await main();
