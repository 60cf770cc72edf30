/** @file Pre-training in the real training process: killed or paused, it ends with the same weights; no labels, no scores. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { sineCosinePositions } from '../../main/numeric/pretrain/positions.ts';
import type { FromTraining, PlanFilm, RunPlan } from '../../shared/worker/protocol.ts';
import { checkpoints, finalHash, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
let films: PlanFilm[];
/** A random ViT-Small stands for a trained one: what is tested is that it is followed. */
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

describe.each(['masked', 'distilled'] as const)('%s', (kind) => {
  let whole: FromTraining[];
  const plan = (name: string, change: Partial<RunPlan> = {}) => {
    const distils = kind === 'distilled';
    const config = tinyConfig({
      method: 'pretrain',
      resolution: 224,
      findings: [],
      init: distils ? larger.initPath : null,
      initSha256: distils ? larger.initSha256 : null,
    });
    const initPath = distils ? larger.initPath : null;
    return writePlan(join(made.dir, `${kind}-${name}`), films, { config, initPath, ...change });
  };
  const resume = (name: string) => plan(name, { resumeFrom: 'newest' });

  beforeAll(async () => {
    whole = await runProcess(plan('whole').path);
  });

  it('ends with start weights of its model and without scores', () => {
    const dir = join(made.dir, `${kind}-whole`);
    expect(whole.at(-1)).toMatchObject({ type: 'ended', how: 'finished', scoresFile: null });
    const epochs = whole.filter((message) => message.type === 'epoch');
    expect(epochs).toHaveLength(2);
    const names = kind === 'masked' ? ['pixels'] : ['classToken', 'patchTokens'];
    for (const { record } of epochs) {
      expect(record.terms.map(({ name }) => name)).toEqual(names);
      expect(record.loss).toBeGreaterThan(0);
      expect(record.validation).toMatchObject({ loss: null, t1: null, t2: null });
    }
    expect(existsSync(join(dir, 'scores.json'))).toBe(false);
    expect(existsSync(join(dir, 'teacher-tokens'))).toBe(false);
    const { config, weights } = importWeights(readFileSync(join(dir, 'final.safetensors')));
    expect(config).toMatchObject({ variant: 'tiny', width: 192, depth: 12 });
    expect([...weights.keys()].filter((name) => /decoder|projection/.test(name))).toEqual([]);
    const fixed = sineCosinePositions(192, 14);
    if (kind === 'masked') expect(weights.get('positions')).toEqual(fixed);
    else expect(weights.get('positions')).not.toEqual(fixed);
    expect(checkpoints(whole, 'final')[0]).toMatchObject({ epoch: 1, step: 4 });
  });

  it('killed in the middle and resumed, it ends with the same weights', async () => {
    const cut = plan('cut');
    const before = await runProcess(cut.path, (message, worker) => {
      if (message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3) worker.kill();
    });
    expect(before.some(({ type }) => type === 'ended')).toBe(false);
    const after = await runProcess(resume('cut').path);
    expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
    expect(finalHash(after)).toBe(finalHash(whole));
  });

  it('paused by a message and resumed, it ends with the same weights', async () => {
    const { path } = plan('paused', { checkpointEverySeconds: 1000 });
    const before = await runProcess(path, (message, worker) => {
      if (message.type === 'progress' && message.progress.step === 0) worker.send({ type: 'pause' });
    });
    expect(before.at(-1)).toMatchObject({ type: 'ended', how: 'paused', scoresFile: null });
    const after = await runProcess(resume('paused').path);
    expect(after.filter(({ type }) => type === 'log')).toEqual([]);
    expect(finalHash(after)).toBe(finalHash(whole));
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
