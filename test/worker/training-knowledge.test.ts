/** @file A student through the real process: cached teacher outputs give the loss of a live teacher; a second student reuses them. */
import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import { meanOfBlocks } from '../../main/numeric/methods/features.ts';
import { TrainState } from '../../main/numeric/train/train-state.ts';
import { trainStep } from '../numeric/labelled-step.ts';
import { vitConfig } from '../../main/numeric/vit/config.ts';
import { forward } from '../../main/numeric/vit/forward.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { disposeParameters, loadParameters } from '../../main/numeric/vit/parameters.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import { inputOf } from '../../main/worker/model-input.ts';
import { makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

const vit = vitConfig('tiny', { t1Units: 1 });
const teacherWeights = initParameters(vit, 77);
/** One step an epoch over all four training films. */
const config = tinyConfig(
  { method: 'mlcak' },
  { epochs: 1, batch: 4, microBatch: 2, augment: true, views: 1 },
);

let made: ReturnType<typeof makeFilms>;
let teacher: { runId: string; weightsPath: string; weightsSha256: string };
beforeAll(async () => {
  await loadEngine();
  made = makeFilms();
  const weightsPath = join(made.dir, 'teacher.safetensors');
  const bytes = exportWeights(teacherWeights, vit, 'app');
  writeFileSync(weightsPath, bytes);
  const weightsSha256 = createHash('sha256').update(bytes).digest('hex');
  teacher = { runId: 'run-teacher', weightsPath, weightsSha256 };
});
afterAll(() => made.remove());

const cacheOf = (feature: string) => join(made.dir, 'knowledge', feature);

async function runStudent(name: string) {
  const { path } = writePlan(join(made.dir, name), made.films, {
    config,
    teacher: { ...teacher, config: tinyConfig({ method: 'teacher', resolution: 224 }) },
    knowledge: (['none', 'mean'] as const).map((feature) => ({
      key: feature,
      dir: cacheOf(feature),
      feature,
      point: 'block',
    })),
  });
  const seen = await runProcess(path);
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  const record = seen.find((message) => message.type === 'epoch')?.record;
  if (record === undefined) throw new Error('no epoch');
  return { seen, record };
}

/** The first step of the same student, its teacher asked directly for the same views; nothing is rounded. */
async function liveStep() {
  const films = await FilmSet.load(plainVault(), made.films, 1, vit.imageSize);
  const train = films.part('train');
  const parameters = loadParameters(teacherWeights, vit);
  const batch = { ...films.labels(train), images: films.images(train, inputOf(config, vit), 0) };
  const seen = { resolution: 224, side: 224, reduce: 'area', upsample: 'bilinear' } as const;
  const images = films.images(train, seen, 0);
  let outputs = { t1: new Float32Array(), t2: new Float32Array(), feature: new Float32Array() };
  tf.tidy(() => {
    const input = tf.tensor4d(images, [train.length, 224, 224, 1]);
    const { t1, t2, blocks } = forward(parameters, input, vit, config.normalisation, { blocks: true });
    const read = (tensor: tf.Tensor) => tensor.dataSync<'float32'>().slice();
    outputs = { t1: read(t1), t2: read(t2), feature: read(meanOfBlocks(blocks)) };
  });
  disposeParameters(parameters);
  const state = new TrainState(vit, initParameters(vit, config.seed), { ema: false });
  const { method, loss, normalisation } = config;
  const step = {
    method,
    loss,
    normalisation,
    learningRate: 1e-4,
    weightDecay: 0,
    clipNorm: null,
    emaDecay: null,
    emaWarmup: false,
  };
  const measured = await trainStep(state, [{ ...batch, teacher: outputs }], step);
  state.dispose();
  return measured;
}

it('the loss with cached outputs is the loss with a live teacher; the cache is made once', async () => {
  const { seen, record } = await runStudent('first');
  const live = await liveStep();
  expect(Math.abs(record.loss / live.loss - 1)).toBeLessThan(1e-5);
  expect(record.terms.map(({ name }) => name)).toEqual(live.terms.map(({ name }) => name));
  record.terms.forEach(({ name, value }, index) => {
    const expected = live.terms[index]?.value ?? Number.NaN;
    expect(expected, name).toBeGreaterThan(0);
    expect(Math.abs(value / expected - 1), name).toBeLessThan(1e-5);
  });
  const told = seen.filter(({ type }) => type === 'knowledge').slice(-2);
  expect(told).toMatchObject([
    { feature: 'none', films: 4, views: 1, bytes: 4 * 4 * 3, complete: true },
    { feature: 'mean', films: 4, views: 1, bytes: 4 * 2 * 197 * 192, complete: true },
  ]);

  const shard = join(cacheOf('mean'), 'view-00-000000.bin');
  const computed = statSync(shard).mtimeMs;
  const second = await runStudent('second');
  expect(statSync(shard).mtimeMs).toBe(computed);
  expect(second.record.loss).toBe(record.loss);
});

it.each([
  ['native tokens', { input: { tokens: 'native', reduce: 'area', upsample: 'bilinear' } }, 'mean', 'block'],
  ['few tokens', { input: { tokens: 'few', reduce: 'area', upsample: 'bilinear' } }, 'mean', 'block'],
  [
    'the attention half, normalised',
    { loss: { ...config.loss, featurePoint: 'attention', normaliseFeatures: true } },
    'mean',
    'attention',
  ],
  ['one unit for T2', { t2Units: 1 }, 'none', 'block'],
] as const)(
  'trains a student with %s from the same teacher’s answers',
  async (name, change, feature, point) => {
    const oneUnit = 't2Units' in change;
    const own = oneUnit ? vitConfig('tiny', { t1Units: 1, t2Units: 1 }) : null;
    let taught = teacher;
    if (own !== null) {
      const weightsPath = join(made.dir, 'teacher-one.safetensors');
      const bytes = exportWeights(initParameters(own, 78), own, 'app');
      writeFileSync(weightsPath, bytes);
      taught = { ...teacher, weightsPath, weightsSha256: createHash('sha256').update(bytes).digest('hex') };
    }
    const parts = [...new Set(['none', feature] as const)].map((kind) => ({
      key: `${kind}-${name}`,
      dir: cacheOf(`${kind}-${name}`),
      feature: kind,
      point: kind === 'none' ? ('block' as const) : point,
    }));
    const { path } = writePlan(join(made.dir, name), made.films, {
      config: { ...config, ...change, method: feature === 'none' ? 'vanilla' : 'mlcak' },
      teacher: { ...taught, config: tinyConfig({ method: 'teacher', resolution: 224 }) },
      knowledge: parts,
    });
    const seen = await runProcess(path);
    expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
    const terms = seen.find((message) => message.type === 'epoch')?.record.terms ?? [];
    expect(terms.map(({ name: term }) => term)).toContain(feature === 'none' ? 'kdT2' : 'feature');
    for (const { value } of terms) expect(value).toBeGreaterThan(0);
  },
);
