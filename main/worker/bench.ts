/** @file Entry of the measured process: one train step, distil step or prediction for every one that it is asked for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import {
  toBench,
  type BenchEnd,
  type BenchReady,
  type BenchSettings,
  type BenchStep,
} from '../../shared/worker/bench.ts';
import { parentPort } from '../../shared/worker/parent-port.ts';
import { plainVault } from '../files/vault.ts';
import { freeArrays } from '../numeric/free-arrays.ts';
import { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { CompiledTrainer } from '../numeric/engine/graph/compiled-trainer.ts';
import { loadEngine } from '../numeric/engine/load-engine.ts';
import { TrainState } from '../numeric/train/train-state.ts';
import { labelledWork } from '../numeric/train/train-step.ts';
import { inputShape, parameterCount, vitConfig, type VitConfig } from '../numeric/vit/config.ts';
import { initParameters, initSpec, normalGenerator, uniformGenerator } from '../numeric/vit/init.ts';
import { loadOneByOne, type NamedParameters } from '../numeric/vit/parameters.ts';
import { FilmSet } from './film-set.ts';
import { compilesGraphs } from './graph-choice.ts';
import { InputFeed } from './input-feed.ts';
import { buildKnowledge, knowledgeSource, teacherInput, type KnowledgeSettings } from './knowledge-cache.ts';
import { knowledgeReader } from './knowledge-reader.ts';
import { microSizes } from './micro-parts.ts';
import { predictFilms } from './predict-films.ts';
import { stepTaker } from './step-taker.ts';

const FINDINGS = 22;
const LOW = 28;
const NORMALISATION = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

type Step = () => Promise<unknown>;

/** As what the training steps ran; null before the first, and where none are taken. */
let taken: BenchEnd['steps'] = null;

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

/** A model for prediction, its weights made as those of a file are read: one parameter after another. */
function randomModel(vit: VitConfig, seed: number): Promise<NamedParameters> {
  const normal = normalGenerator(uniformGenerator(seed));
  return loadOneByOne(vit, (spec) => initSpec(spec, normal));
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
  const parameters = await randomModel(vit, 2);
  const teacher = { config: vit, normalisation: NORMALISATION, parameters };
  const train = films.part('train');
  const hooks = { between: () => Promise.resolve(), onKnown: () => undefined, onShard: () => undefined };
  const feed = new InputFeed(films, teacherInput(vit, films.size));
  await buildKnowledge(teacher, feed, train, settings, hooks);
  feed.dispose();
  for (const tensor of parameters.values()) tensor.dispose();
  return knowledgeReader(knowledgeSource(teacher, train, settings));
}

async function training(dir: string, settings: BenchSettings, vit: VitConfig): Promise<Step> {
  const { what, batch, microBatch, model, recompute, precision } = settings;
  const count = Math.max(batch, settings.films);
  const distils = what === 'distil';
  const full = vitConfig(model, { t1Units: FINDINGS });
  const films = await noiseFilms(dir, count, full.imageSize);
  const teacher = distils ? await knowledge(dir, films, full, microBatch) : null;
  const weights = initParameters(vit, 1);
  const state = new TrainState(vit, weights, { ema: false });
  freeArrays(weights.values());
  const { weightDecay, learningRate, clipNorm } = presetRecipe('quick', model);
  const objective = {
    method: distils ? ('mlcak' as const) : ('teacher' as const),
    loss: PAPER_LOSS,
    normalisation: NORMALISATION,
    recompute,
  };
  const optimiser = { learningRate, weightDecay, clipNorm, emaDecay: null, emaWarmup: false };
  const work = labelledWork(vit, objective);
  taken = { precision: 'single', engine: 'eager' };
  const compiled = !compilesGraphs()
    ? null
    : new CompiledTrainer({
        state,
        work,
        precision,
        sizes: microSizes(batch, settings),
        onTaken: ({ precision: ran, engine }) => (taken = { precision: ran, engine }),
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
  let begin = 0;
  return async () => {
    const batches = [];
    for (let start = 0; start < batch; start += microBatch) {
      const indices = train.subarray(begin + start, begin + Math.min(batch, start + microBatch));
      const outputs = teacher === null ? null : await teacher(indices, 0);
      batches.push({
        ...films.labels(indices),
        images: films.images(indices, input),
        teacher: outputs,
      });
    }
    begin = begin + 2 * batch <= count ? begin + batch : 0;
    return await steps.step(batches, optimiser);
  };
}

/** `count` films at once, as `predict` over a folder asks. */
async function predicting(dir: string, vit: VitConfig, count: number): Promise<Step> {
  const films = await noiseFilms(dir, count, vit.imageSize);
  const parameters = await randomModel(vit, 1);
  const model = { config: vit, normalisation: NORMALISATION, parameters };
  const question = {
    images: Array.from({ length: count }, (_, index) => films.image(index)),
    input: { resolution: vit.imageSize, reduce: 'area', upsample: 'bilinear' } as const,
    findings: Array.from({ length: FINDINGS }, (_, index) => `${index}`),
    attention: [{ method: 'last' as const, head: null, target: null }],
    features: true, // as for a model that has its likeness fitted
    trainable: true,
  };
  return () => Promise.resolve(predictFilms(model, question, functions));
}

const dir = mkdtempSync(join(tmpdir(), 'chestlight-bench-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));

async function begin(settings: BenchSettings): Promise<{ readonly step: Step; readonly ready: BenchReady }> {
  const engine = await loadEngine();
  if (!engine.trainable) throw new Error(engine.reason ?? 'Training is off on this machine.');
  const resolution = settings.what === 'distil' ? LOW : 224;
  const vit = vitConfig(settings.model, {
    t1Units: FINDINGS,
    input: inputShape(resolution, settings.tokens),
  });
  const { what, batch } = settings;
  const step =
    what === 'predict' || what === 'predict-batch'
      ? await predicting(dir, vit, what === 'predict' ? 1 : batch)
      : await training(dir, settings, vit);
  const ready = {
    parameters: parameterCount(vit),
    version: engine.tensorflow ?? engine.backend,
    threads: engine.threads,
    ...(engine.device === 'none' ? {} : { device: engine.device }),
  };
  return { step, ready };
}

const port = parentPort();
const say = (answer: BenchReady | BenchStep | BenchEnd): void => port.send(answer);
let step: Step | null = null;

async function answer(raw: unknown): Promise<void> {
  const asked = toBench.parse(raw);
  switch (asked.type) {
    case 'begin': {
      const begun = await begin(asked.settings);
      step = begun.step;
      return say(begun.ready);
    }
    case 'step': {
      if (step === null) throw new Error('A step was asked for before the beginning.');
      const began = performance.now();
      await step();
      return say({ ms: performance.now() - began });
    }
    case 'end':
      return say({ rssBytes: process.resourceUsage().maxRSS * 1024, steps: taken });
    case 'leave':
      process.exit();
  }
}

// One after the other; what goes wrong ends the process, and its last words say why.
let before: Promise<void> = Promise.resolve();
port.onMessage((raw) => {
  before = before.then(() => answer(raw));
});
