/** @file The real training process: finishes with scores, resumes after kill -9 to the same weights, refuses a leaking split. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { PlanFilm, RunPlan } from '../../shared/worker/protocol.ts';
import { checkpoints, finalHash, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
beforeAll(() => {
  made = makeFilms();
});
afterAll(() => made.remove());

const plan = (name: string, change: Partial<RunPlan> = {}, films: PlanFilm[] = made.films) =>
  writePlan(join(made.dir, name), films, change);

it('trains, keeps the best, scores the held-back films; killed and resumed it ends with the same weights', async () => {
  const whole = plan('whole');
  const seen = await runProcess(whole.path);
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index));
  const epochs = seen.filter((message) => message.type === 'epoch');
  expect(epochs).toHaveLength(2);
  for (const { record } of epochs) expect(record.validation.loss).toBeGreaterThan(0);
  const types = seen.map(({ type }) => type);
  expect(types.indexOf('first-batch')).toBeGreaterThan(types.indexOf('ready'));
  expect(types.indexOf('first-batch')).toBeLessThan(types.indexOf('checkpoint'));
  expect(readFileSync(join(whole.plan.dir, 'first-batch.png')).subarray(1, 4).toString()).toBe('PNG');
  const scores = JSON.parse(readFileSync(join(whole.plan.dir, 'scores.json'), 'utf8')) as {
    part: string;
    t2: number;
  }[];
  expect(scores.map(({ part }) => part)).toEqual(['validation', 'validation', 'test', 'test']);
  for (const { t2 } of scores) expect(t2 > 0 && t2 < 1).toBe(true);

  const cut = plan('cut');
  const before = await runProcess(cut.path, (message, worker) => {
    if (message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3) worker.kill();
  });
  expect(before.some(({ type }) => type === 'ended')).toBe(false);
  expect(existsSync(join(cut.plan.dir, 'final.safetensors'))).toBe(false);
  const again = plan('cut', { resumeFrom: 'newest' });
  const after = await runProcess(again.path);
  expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(checkpoints(after, 'last')[0]?.step).toBe(4);
  expect(finalHash(after)).toBe(finalHash(seen));
});

it('refuses a plan with a patient in two parts before anything is trained', async () => {
  const leaking = made.films.map((film) => ({ ...film, patient: 'the same' }));
  const { path, plan: written } = plan('leak', {}, leaking);
  expect((await runProcess(path)).at(-1)).toMatchObject({ type: 'failed', code: 'SPLIT_LEAKS' });
  expect(existsSync(join(written.dir, 'best.safetensors'))).toBe(false);
});

it('a student learns from the cached outputs of a teacher; a second student reuses them', async () => {
  const weightsPath = join(made.dir, 'whole', 'final.safetensors');
  const weightsSha256 = createHash('sha256').update(readFileSync(weightsPath)).digest('hex');
  const student = (name: string) =>
    plan(name, {
      config: tinyConfig({ method: 'mlcak' }, { epochs: 1, views: 1, augment: false }),
      teacher: { runId: 'run-whole', weightsPath, weightsSha256, config: tinyConfig({ resolution: 224 }) },
      knowledge: { key: 'k', dir: join(made.dir, 'knowledge'), feature: 'mean' },
    });
  const seen = await runProcess(student('first').path);
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  const bytes = 4 * (4 * 3 + 2 * 197 * 192);
  expect(seen.filter(({ type }) => type === 'knowledge').at(-1)).toMatchObject({
    films: 4,
    bytes,
    complete: true,
  });
  const epoch = seen.find(({ type }) => type === 'epoch');
  if (epoch?.type !== 'epoch') throw new Error('no epoch');
  expect(epoch.record.terms.map(({ name }) => name).sort()).toEqual([
    'bceT1',
    'bceT2',
    'feature',
    'kdT1',
    'kdT2',
  ]);

  const shard = join(made.dir, 'knowledge', 'view-00-000000.bin');
  const computed = statSync(shard).mtimeMs;
  const again = await runProcess(student('second').path);
  expect(again.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(statSync(shard).mtimeMs).toBe(computed);
});
