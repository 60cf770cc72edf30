/** @file A run's configuration: every setting recorded, a hash that older configurations keep, refusals before any work. */
import { expect, it } from 'vitest';

import { configHash, fillRequest } from '../../../main/services/training/run-config.ts';
import { requestOf } from '../../../main/services/training/training-service.ts';
import { runConfig, type RunConfig } from '../../../shared/contract/training.ts';
import { labelSet, VINDR_LOCAL } from '../../../shared/domain/findings.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempLibrary, testClock } from '../../helpers/temp-library.ts';

const clock = testClock();

async function filled(change: Partial<Parameters<typeof requestOf>[0]> = {}): Promise<RunConfig> {
  const { library } = await tempLibrary();
  const films = Array.from({ length: 40 }, (_, patient) => {
    const sick = patient % 4 === 0;
    return { patient, abnormal: sick, labels: { Cardiomegaly: sick, 'No finding': !sick } };
  });
  addFilms(library.store, films);
  const request = requestOf({ method: 'none', model: 'tiny', resolution: 28, ...change });
  return (await fillRequest(library, clock, request)).config;
}

it('records what is asked for, and the paper’s reading of what is not', async () => {
  expect(await filled()).toMatchObject({
    findings: ['Cardiomegaly'],
    t2Units: 2,
    input: { tokens: 'upsampled', upsample: 'bilinear' },
    positiveWeights: null,
    loss: { featurePoint: 'block', normaliseFeatures: false },
  });
  const asked = await filled({
    t2Units: 1,
    input: { tokens: 'few', upsample: 'bicubic' },
    loss: { featurePoint: 'attention', normaliseFeatures: true },
  });
  expect(asked).toMatchObject({
    t2Units: 1,
    input: { tokens: 'few', upsample: 'bicubic' },
    loss: { featurePoint: 'attention', normaliseFeatures: true, gamma: 1 },
  });
});

it('weights rare findings by negatives over positives of the training films, within limits', async () => {
  const { positiveWeights } = await filled({ classWeights: true });
  expect(positiveWeights).toHaveLength(1);
  expect(positiveWeights?.[0]).toBeGreaterThan(2); // 3 : 1 over all films
  expect(positiveWeights?.[0]).toBeLessThan(5);
});

it('the rate reaches its peak: warm-up follows a short run, and one that would fill the run is refused', async () => {
  const warmup = async (recipe: Partial<RunConfig['recipe']>, preset?: 'quick' | 'robust') =>
    (await filled({ recipe, ...(preset && { preset }) })).recipe.warmupEpochs;
  expect(await warmup({})).toBe(5); // robust, 40 epochs
  expect(await warmup({ epochs: 10 })).toBe(2);
  expect(await warmup({ epochs: 3 })).toBe(1);
  expect(await warmup({ epochs: 1 })).toBe(0);
  expect(await warmup({ epochs: 100 }, 'quick')).toBe(1);
  expect(await warmup({ epochs: 3, warmupEpochs: 2 })).toBe(2);
  expect(await filled({ method: 'pretrain', resolution: 224, recipe: { epochs: 4 } })).toMatchObject({
    recipe: { warmupEpochs: 1, patience: null },
  });
  for (const method of ['none', 'pretrain'] as const) {
    const asked = { epochs: 3, warmupEpochs: 3 };
    await expect(
      filled({ method, resolution: method === 'none' ? 28 : 224, recipe: asked }),
    ).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('never reach its peak') as string,
    });
  }
});

it('a label set that the library has no labels for is refused, naming the finding', async () => {
  await expect(filled({ labelSet: 'vindr-22' })).rejects.toMatchObject({
    code: 'UNKNOWN_LABELS',
    message: expect.stringContaining('Aortic enlargement') as string,
  });
});

it('label sets are those of their sources; "No finding" is in T1 only where the source has it', () => {
  expect(labelSet('own', ['Edema', 'No finding'])).toEqual(['Edema']);
  expect(labelSet('vindr-22', [])).toEqual(VINDR_LOCAL);
  expect(labelSet('kaggle-14', [])).toHaveLength(14);
  expect(labelSet('paper-15', [])).toHaveLength(15);
  expect(labelSet('all-28', [])).toHaveLength(28);
  expect(labelSet('kaggle-14', [])).not.toContain('No finding');
  for (const set of ['kaggle-14', 'paper-15'] as const) {
    expect(labelSet('all-28', [])).toEqual(expect.arrayContaining([...labelSet(set, [])]));
  }
});

it('few or native tokens are for students', async () => {
  await expect(
    filled({ method: 'teacher', resolution: 224, input: { tokens: 'native' } }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

/** As a run of before was kept: with an average from the first step on, and less said than now. */
const FINISHED_BEFORE = {
  ...{
    method: 'none',
    model: 'tiny',
    resolution: 28,
    teacherRunId: null,
    splitId: 'split-00000001',
    seed: 1,
  },
  findings: ['Cardiomegaly'],
  recipe: {
    ...{ preset: 'robust', epochs: 40, batch: 64, microBatch: 8, recompute: false, precision: 'single' },
    ...{ learningRate: 2e-4, warmupEpochs: 5, weightDecay: 0.05, clipNorm: 1, emaDecay: 0.999 },
    ...{ augment: true, views: 8, patience: 10 },
  },
  loss: { alpha: 1, beta: 1, gamma: 1, kdLoss: 'mse', temperature: 4, tokens: 'all' },
  ...{ init: null, initSha256: null, t2Units: 2, layerNormEpsilon: 1e-6, preprocessing: '1' },
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};
const FINISHED_BEFORE_HASH = '3860dafd5c4974cc6a109a00af6bddfad659b1d43757f87650b5a400ae5fe304';

it('the hash is of the settings: any of them changes it; order, place of the start and newer defaults do not', async () => {
  const config = { ...(await filled()), splitId: 'split-00000001' as RunConfig['splitId'] };
  const hash = configHash(config);
  const reversed = Object.fromEntries(Object.entries(config).reverse()) as unknown as RunConfig;
  expect(configHash(reversed)).toBe(hash);
  const { input: _input, positiveWeights: _weights, ...older } = config;
  const { featurePoint: _point, normaliseFeatures: _normalise, ...loss } = config.loss;
  expect(configHash(runConfig.parse({ ...older, loss }))).toBe(hash);
  // A run of before whose average did not warm up is another run, and keeps its hash; without an average it is the same.
  const { emaWarmup: _warm, ...before } = config.recipe;
  const averaged = runConfig.parse({ ...config, recipe: before });
  expect(averaged.recipe).toMatchObject({ emaDecay: 0.999, emaWarmup: false });
  expect(configHash(averaged)).not.toBe(hash);
  expect(configHash(runConfig.parse(FINISHED_BEFORE))).toBe(FINISHED_BEFORE_HASH);
  const plain = { ...before, emaDecay: null };
  expect(configHash(runConfig.parse({ ...config, recipe: plain }))).toBe(
    configHash({ ...config, recipe: { ...plain, emaWarmup: true } }),
  );
  // As runs of before the way to make a film small could be chosen.
  const { reduce: _reduce, ...few } = { ...config.input, tokens: 'few' as const };
  expect(configHash(runConfig.parse({ ...config, input: few }))).toBe(
    configHash({ ...config, input: { ...config.input, tokens: 'few' } }),
  );
  const started = { ...config, init: '/one/start', initSha256: 'a'.repeat(64) };
  expect(configHash(started)).not.toBe(hash);
  expect(configHash({ ...started, init: '/other/start' })).toBe(configHash(started));
  const changes: Partial<RunConfig>[] = [
    { seed: 2 },
    { positiveWeights: [2] },
    { input: { ...config.input, upsample: 'nearest' } },
    { input: { ...config.input, reduce: 'nearest' } },
    { loss: { ...config.loss, normaliseFeatures: true } },
    { recipe: { ...config.recipe, epochs: 6 } },
    { t2Units: 1 },
  ];
  const hashes = new Set(changes.map((change) => configHash({ ...config, ...change })));
  expect(hashes.size).toBe(changes.length);
  expect(hashes.has(hash)).toBe(false);
});
