/** @file Pre-training in the real training process: killed or paused, it ends with the same weights; no labels, no scores. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import { sineCosinePositions } from '../../main/numeric/pretrain/positions.ts';
import type { FromTraining, PlanFilm, RunPlan } from '../../shared/worker/protocol.ts';
import { checkpoints, finalHash, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
let films: PlanFilm[];
/** A random ViT-Small stands for a trained one: what is tested is that it is made smaller. */
let larger: { readonly initPath: string; readonly initSha256: string };

beforeAll(() => {
  made = makeFilms();
  films = made.films.slice(0, 4).map((film) => ({ ...film, t1: [], t2: null }));
  const config = vitConfig('small', { t1Units: 1 });
  const bytes = exportWeights(initParameters(config, 5), config, 'app', {
    normalisation: { mean: [0.4, 0.4, 0.4], std: [0.3, 0.3, 0.3] },
  });
  const initPath = join(made.dir, 'larger.safetensors');
  writeFileSync(initPath, bytes);
  larger = { initPath, initSha256: createHash('sha256').update(bytes).digest('hex') };
});
afterAll(() => made.remove());

const planOf = (kind: 'masked' | 'compressed', name: string, change: Partial<RunPlan> = {}) => {
  const { initPath, initSha256 } = kind === 'masked' ? { initPath: null, initSha256: null } : larger;
  const about = { method: 'pretrain', resolution: 224, init: initPath, initSha256 } as const;
  const config = tinyConfig({ ...about, findings: [] });
  return writePlan(join(made.dir, `${kind}-${name}`), films, { config, initPath, ...change });
};

/** What any pre-training leaves behind. */
function expectStart(messages: readonly FromTraining[], name: string) {
  const dir = join(made.dir, name);
  expect(messages.at(-1)).toMatchObject({ type: 'ended', how: 'finished', scoresFile: null });
  expect(existsSync(join(dir, 'scores.json'))).toBe(false);
  const { config, weights } = importWeights(readFileSync(join(dir, 'final.safetensors')));
  expect(config).toMatchObject({ variant: 'tiny', width: 192, depth: 12 });
  expect([...weights.keys()].filter((key) => key.includes('decoder'))).toEqual([]);
  return weights;
}

describe('masked', () => {
  let whole: FromTraining[];

  beforeAll(async () => {
    whole = await runProcess(planOf('masked', 'whole').path);
  });

  it('ends with start weights of its model and without scores', () => {
    const weights = expectStart(whole, 'masked-whole');
    const epochs = whole.filter((message) => message.type === 'epoch');
    expect(epochs).toHaveLength(2);
    for (const { record } of epochs) {
      expect(record.terms.map(({ name }) => name)).toEqual(['pixels']);
      expect(record.loss).toBeGreaterThan(0);
      expect(record.validation).toMatchObject({ loss: null, t1: null, t2: null });
    }
    expect(weights.get('positions')).toEqual(sineCosinePositions(192, 14));
    expect(checkpoints(whole, 'final')[0]).toMatchObject({ epoch: 1, step: 4 });
  });

  it('killed in the middle and resumed, it ends with the same weights', async () => {
    const cut = planOf('masked', 'cut');
    const before = await runProcess(cut.path, (message, worker) => {
      if (message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3) worker.kill();
    });
    expect(before.some(({ type }) => type === 'ended')).toBe(false);
    const after = await runProcess(planOf('masked', 'cut', { resumeFrom: 'newest' }).path);
    expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
    expect(finalHash(after)).toBe(finalHash(whole));
  });

  it('paused by a message and resumed, it ends with the same weights', async () => {
    const { path } = planOf('masked', 'paused', { checkpointEverySeconds: 1000 });
    const before = await runProcess(path, (message, worker) => {
      if (message.type === 'progress' && message.progress.step === 0) worker.send({ type: 'pause' });
    });
    expect(before.at(-1)).toMatchObject({ type: 'ended', how: 'paused', scoresFile: null });
    const after = await runProcess(planOf('masked', 'paused', { resumeFrom: 'newest' }).path);
    expect(after.filter(({ type }) => type === 'log')).toEqual([]);
    expect(finalHash(after)).toBe(finalHash(whole));
  });
});

describe('compressed', () => {
  let whole: FromTraining[];
  const fitted = (name: string) => join(made.dir, `compressed-${name}`, 'fitted.safetensors');
  const blocksOf = (name: string): number => {
    if (!existsSync(fitted(name))) return 0;
    return Number(readSafetensors(readFileSync(fitted(name))).metadata.get('chestlight.blocks'));
  };

  beforeAll(async () => {
    whole = await runProcess(planOf('compressed', 'whole').path);
  });

  it('ends with start weights of the smaller model, without epochs and scores, and tells how far it is', () => {
    const weights = expectStart(whole, 'compressed-whole');
    expect(weights.get('positions')).not.toEqual(sineCosinePositions(192, 14));
    expect(whole.filter(({ type }) => type === 'epoch')).toEqual([]);
    const told = whole.filter((message) => message.type === 'progress').map(({ progress }) => progress);
    const last = told.filter(({ phase }) => phase === 'compressing').at(-1);
    expect(last).toMatchObject({ fraction: 1, step: last?.steps });
    expect(existsSync(fitted('whole'))).toBe(false);
  });

  it('killed between blocks and resumed, it ends with the same weights', async () => {
    const before = await runProcess(planOf('compressed', 'cut').path, (message, worker) => {
      if (message.type === 'progress' && blocksOf('cut') > 0) worker.kill();
    });
    expect(before.some(({ type }) => type === 'ended')).toBe(false);
    expect(blocksOf('cut')).toBeGreaterThan(0);
    const after = await runProcess(planOf('compressed', 'cut', { resumeFrom: 'newest' }).path);
    expect(after.filter(({ type }) => type === 'log')).toEqual([]);
    expect(finalHash(after)).toBe(finalHash(whole));
  });

  it('what was fitted and is damaged is said, the run begins again; a pause ends it', async () => {
    planOf('compressed', 'damaged');
    writeFileSync(fitted('damaged'), 'not a file of tensors');
    const { path } = planOf('compressed', 'damaged', { resumeFrom: 'newest' });
    const after = await runProcess(path, (message, worker) => {
      if (message.type === 'progress' && message.progress.phase === 'compressing')
        worker.send({ type: 'pause' });
    });
    const message = expect.stringContaining('begins again') as string;
    expect(after.find(({ type }) => type === 'log')).toMatchObject({ level: 'warn', message });
    expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'paused', scoresFile: null });
  });
});

it('a larger model that has changed since is refused', async () => {
  const config = tinyConfig({
    method: 'pretrain',
    resolution: 224,
    findings: [],
    init: larger.initPath,
    initSha256: '0'.repeat(64),
  });
  const { path } = writePlan(join(made.dir, 'changed'), films, { config, initPath: larger.initPath });
  expect((await runProcess(path)).at(-1)).toMatchObject({
    type: 'failed',
    code: 'UNREADABLE_FILE',
    message: expect.stringContaining('changed since this run was made') as string,
  });
});
