/** @file How the real training process ends early: asked to stop or cancel, numbers that are not finite, a plan it cannot use. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { finalHash, checkpoints, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
beforeAll(() => {
  made = makeFilms();
});
afterAll(() => made.remove());

const long = { config: tinyConfig({}, { epochs: 200 }), checkpointEverySeconds: 1000 };

it('asked to stop, it ends the epoch, and the best weights become the final ones', async () => {
  const { path, plan } = writePlan(join(made.dir, 'stop'), made.films, long);
  const seen = await runProcess(path, (message, worker) => {
    if (message.type === 'progress' && message.progress.step === 0) worker.send({ type: 'stop-keep-best' });
  });
  const scoresFile = join(plan.dir, 'scores.json');
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished', scoresFile });
  expect(JSON.parse(readFileSync(scoresFile, 'utf8'))).toHaveLength(4);
  expect(seen.filter(({ type }) => type === 'epoch').length).toBeLessThan(200);
  expect(finalHash(seen)).toBe(checkpoints(seen, 'best').at(-1)?.sha256);
});

it('cancelled, it leaves after the step, without weights or scores', async () => {
  const { path, plan } = writePlan(join(made.dir, 'cancel'), made.films, long);
  const seen = await runProcess(path, (message, worker) => {
    if (message.type === 'progress' && message.progress.step === 0) worker.send({ type: 'cancel' });
  });
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'cancelled', scoresFile: null });
  expect(existsSync(join(plan.dir, 'final.safetensors'))).toBe(false);
  expect(existsSync(join(plan.dir, 'scores.json'))).toBe(false);
});

function startWeights(name: string, spoil: (values: Float32Array) => void): string {
  const vit = vitConfig('tiny', { t1Units: 1 });
  const weights = initParameters(vit, 1);
  spoil(weights.get('blocks.3.fc1.kernel') ?? new Float32Array());
  const file = join(made.dir, `${name}.safetensors`);
  writeFileSync(file, exportWeights(weights, vit, 'app'));
  return file;
}

it.each([
  ['a weight that is NaN', (values: Float32Array) => values.fill(Number.NaN, 7, 8), /not finite numbers/],
  [
    'weights that overflow',
    (values: Float32Array) => values.set(values.map((value) => Math.sign(value) * 3e38)),
    /loss of step 1 is not a finite number/,
  ],
])('fails with NOT_FINITE and a sentence on %s', async (name, spoil, sentence) => {
  const { path, plan } = writePlan(join(made.dir, name), made.films, { initPath: startWeights(name, spoil) });
  const last = (await runProcess(path)).at(-1);
  expect(last).toMatchObject({ type: 'failed', code: 'NOT_FINITE' });
  expect(last).toHaveProperty('message', expect.stringMatching(sentence));
  expect(existsSync(join(plan.dir, 'best.safetensors'))).toBe(false);
});

it('refuses start weights that are not those the run was made with', async () => {
  const initPath = startWeights('changed', (values) => values.fill(0));
  const sha256 = createHash('sha256').update('other').digest('hex');
  const config = tinyConfig({ init: initPath, initSha256: sha256 });
  const { path } = writePlan(join(made.dir, 'changed'), made.films, { initPath, config });
  expect((await runProcess(path)).at(-1)).toMatchObject({ type: 'failed', code: 'UNREADABLE_FILE' });
});

it('refuses a plan with a label that is no number, in a sentence', async () => {
  const { path } = writePlan(join(made.dir, 'label'), made.films);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"t1":[1]', '"t1":[NaN]'));
  const last = (await runProcess(path)).at(-1);
  expect(last).toMatchObject({ type: 'failed', code: 'BAD_INPUT' });
  expect(last).toHaveProperty('message', expect.stringContaining('start the run again'));
});
