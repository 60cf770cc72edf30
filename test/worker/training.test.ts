/** @file The real training process against an unbroken run: killed, paused, out of disk, best damaged – it ends with the same weights. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { FromTraining, PlanFilm, RunPlan } from '../../shared/worker/protocol.ts';
import { enlargeDisk, mountSmallDisk } from '../helpers/small-disk.ts';
import { checkpoints, finalHash, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

// Short as they are, these runs take compiled steps, as longer ones do.
process.env.CHESTLIGHT_ENGINE = 'graph';

let made: ReturnType<typeof makeFilms>;
/** What the unbroken run said, in the folder `whole`. */
let whole: FromTraining[];

const plan = (name: string, change: Partial<RunPlan> = {}, films: PlanFilm[] = made.films) =>
  writePlan(join(made.dir, name), films, change);
const resume = (name: string) => plan(name, { resumeFrom: 'newest' });
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

beforeAll(async () => {
  made = makeFilms();
  whole = await runProcess(plan('whole').path);
});
afterAll(() => made.remove());

it('trains, keeps the best and scores the held-back films', () => {
  const dir = join(made.dir, 'whole');
  expect(whole.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, index) => index));
  const epochs = whole.filter((message) => message.type === 'epoch');
  expect(epochs).toHaveLength(2);
  for (const { record } of epochs) expect(record.validation.loss).toBeGreaterThan(0);
  const types = whole.map(({ type }) => type);
  expect(types.indexOf('first-batch')).toBeGreaterThan(types.indexOf('ready'));
  expect(types.indexOf('first-batch')).toBeLessThan(types.indexOf('checkpoint'));
  expect(readFileSync(join(dir, 'first-batch.png')).subarray(1, 4).toString()).toBe('PNG');
  const scores = JSON.parse(readFileSync(join(dir, 'scores.json'), 'utf8')) as { part: string; t2: number }[];
  expect(scores.map(({ part }) => part)).toEqual(['validation', 'validation', 'test', 'test']);
  for (const { t2 } of scores) expect(t2 > 0 && t2 < 1).toBe(true);
});

it('killed in the middle and resumed, it ends with the same weights', async () => {
  const cut = plan('cut');
  const before = await runProcess(cut.path, (message, worker) => {
    if (message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3) worker.kill();
  });
  expect(before.some(({ type }) => type === 'ended')).toBe(false);
  expect(existsSync(join(cut.plan.dir, 'final.safetensors'))).toBe(false);
  const after = await runProcess(resume('cut').path);
  expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(finalHash(after)).toBe(finalHash(whole));
});

it('tells how its steps are taken; in mixed precision, killed and resumed, it ends with the same weights', async () => {
  const taken = (seen: readonly FromTraining[]) => seen.filter((one) => one.type === 'steps');
  expect(taken(whole)).toMatchObject([{ taken: { precision: 'single', engine: 'graph', why: null } }]);
  const config = tinyConfig({}, { precision: 'mixed' });
  const unbroken = await runProcess(plan('mixed', { config }).path);
  expect(taken(unbroken)).toMatchObject([{ taken: { precision: 'mixed', engine: 'graph', why: null } }]);
  expect(finalHash(unbroken)).not.toBe(finalHash(whole));
  await runProcess(plan('mixed-cut', { config }).path, (message, worker) => {
    if (message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3) worker.kill();
  });
  const after = await runProcess(plan('mixed-cut', { config, resumeFrom: 'newest' }).path);
  expect(taken(after)).toMatchObject([{ taken: { precision: 'mixed' } }]);
  expect(finalHash(after)).toBe(finalHash(unbroken));
});

it('paused by a message and resumed, it ends with the same weights', async () => {
  const { path } = plan('paused', { checkpointEverySeconds: 1000 });
  const before = await runProcess(path, (message, worker) => {
    if (message.type === 'progress' && message.progress.step === 0) worker.send({ type: 'pause' });
  });
  expect(before.at(-1)).toMatchObject({ type: 'ended', how: 'paused', scoresFile: null });
  expect(checkpoints(before, 'last')).toHaveLength(1);
  const { step: pausedAt = Infinity } = checkpoints(before, 'last')[0] ?? {};
  expect(pausedAt).toBeLessThan(4);
  const after = await runProcess(resume('paused').path);
  expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(after.filter(({ type }) => type === 'log')).toEqual([]);
  expect(finalHash(after)).toBe(finalHash(whole));
});

it('on a full disk it fails with DISK_FULL, the checkpoint before is intact, and with room it goes on', async (test) => {
  const dir = join(made.dir, 'small');
  // A checkpoint has 66 MB: there is room for one.
  const refused = mountSmallDisk(dir, 100);
  if (refused !== null) return test.skip(`no small disk can be mounted here: ${refused}`);
  const before = await runProcess(plan('small').path);
  const failed = before.at(-1);
  expect(failed).toMatchObject({ type: 'failed', code: 'DISK_FULL' });
  expect(failed).toHaveProperty('message', expect.stringContaining('The disk is full.'));
  const [kept, ...more] = checkpoints(before, 'last');
  expect(more).toEqual([]);
  expect(readdirSync(dir).sort()).toEqual([
    'checkpoint-000000001.safetensors',
    'first-batch.png',
    'plan.json',
  ]);
  expect(sha256(kept?.file ?? '')).toBe(kept?.sha256);

  enlargeDisk(dir, 400);
  const after = await runProcess(resume('small').path);
  expect(finalHash(after)).toBe(finalHash(whole));
});

it('cut off while it is scored, it goes on with the scores and trains no more', async () => {
  const dir = join(made.dir, 'whole');
  const before = finalHash(whole);
  rmSync(join(dir, 'scores.json'));
  const seen = await runProcess(resume('whole').path);
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(seen.filter(({ type }) => type === 'epoch')).toEqual([]);
  expect(finalHash(seen)).toBe(before);
  expect(existsSync(join(dir, 'scores.json'))).toBe(true);
});

it('paused while it validates, it validates first when it goes on, and ends with the same weights', async () => {
  const { path } = plan('validating', { checkpointEverySeconds: 1000 });
  const before = await runProcess(path, (message, worker) => {
    if (message.type === 'progress' && message.progress.phase === 'validating')
      worker.send({ type: 'pause' });
  });
  expect(before.at(-1)).toMatchObject({ type: 'ended', how: 'paused' });
  const after = await runProcess(resume('validating').path);
  expect(finalHash(after)).toBe(finalHash(whole));
});

it('tells each phase in its order', () => {
  const phases = whole.filter((one) => one.type === 'progress').map(({ progress }) => progress.phase);
  const order = phases.filter((phase, index) => phase !== phases[index - 1]);
  expect(order).toEqual(['loading', 'training', 'validating', 'training', 'validating', 'evaluating']);
});

it('with its best weights damaged it says so, and the newest checkpoint stands in for them', async () => {
  const dir = join(made.dir, 'whole');
  rmSync(join(dir, 'final.safetensors'));
  truncateSync(join(dir, 'best.safetensors'), 100_000);
  const seen = await runProcess(resume('whole').path);
  const log = seen.find(({ type }) => type === 'log');
  expect(log).toMatchObject({
    level: 'warn',
    message: expect.stringMatching(/best\.safetensors.*lacks/) as string,
  });
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  // The run was over: its last epoch's weights, measured as they were then.
  const last = whole.filter((message) => message.type === 'epoch').at(-1)?.record;
  const { t1, t2 } = last?.validation ?? {};
  const [best] = checkpoints(seen, 'best');
  expect(best).toMatchObject({ epoch: 1, step: 4, metrics: { t1, t2 } });
  expect(sha256(best?.file ?? '')).toBe(best?.sha256);

  rmSync(join(dir, 'best.safetensors'));
  rmSync(join(dir, 'final.safetensors'));
  const again = await runProcess(resume('whole').path);
  expect(again.find(({ type }) => type === 'log')).toMatchObject({
    message: expect.stringContaining('the file is not there') as string,
  });
  expect(finalHash(again)).toBe(finalHash(seen));
});

it('refuses a plan with a patient in two parts before anything is trained', async () => {
  const leaking = made.films.map((film) => ({ ...film, patient: 'the same' }));
  const { path, plan: written } = plan('leak', {}, leaking);
  expect((await runProcess(path)).at(-1)).toMatchObject({ type: 'failed', code: 'SPLIT_LEAKS' });
  expect(existsSync(join(written.dir, 'best.safetensors'))).toBe(false);
});
