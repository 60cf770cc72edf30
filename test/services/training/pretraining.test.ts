/** @file Pre-training as a window sees it: no labels, no results, start weights that a teacher begins with. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { vitConfig } from '../../../main/numeric/vit/config.ts';
import { initParameters } from '../../../main/numeric/vit/init.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import type { AppParts } from '../../../main/services/compose.ts';
import { importStart } from '../../../main/services/training/start-weights.ts';
import { runPlan } from '../../../shared/worker/protocol.ts';
import { openAppWithFilms, runToEnd, startRun, tinyRequest } from '../../helpers/open-app.ts';
import { call } from '../../helpers/temp-library.ts';

function weightsFile(variant: 'tiny' | 'small'): Uint8Array {
  const config = vitConfig(variant, { t1Units: 1 });
  return exportWeights(initParameters(config, 2), config, 'app');
}

/** Without those that come with the app. */
async function ownStarts({ training }: AppParts, model: 'tiny' | 'small') {
  const starts = await training.service.starts({ model }, call);
  return starts.filter(({ id }) => !id.startsWith('bundled-'));
}

it('becomes a start of the library, which a teacher then begins with', async () => {
  const app = await openAppWithFilms();
  const { training, evaluation, inference, library, dir } = app;
  const id = await startRun(app, { method: 'pretrain' });
  const { state, events } = await runToEnd(app, id);
  expect(state).toBe('finished');
  expect(events.map(({ run }) => run.state)).toContain('evaluating');
  const run = await training.service.run({ runId: id }, call);
  expect(run).toMatchObject({ name: 'Pre-training from own films · ViT-Tiny', test: null, error: null });
  expect(run.config).toMatchObject({ findings: [], init: null, recipe: { patience: null, microBatch: 4 } });

  // Only films of the training part were shown, without labels.
  const plan = runPlan.parse(JSON.parse(readFileSync(join(dir, 'runs', id, 'plan.json'), 'utf8')));
  expect(plan.films).toHaveLength(10);
  expect(new Set(plan.films.map(({ part }) => part))).toEqual(new Set(['train']));
  expect(plan.films.every(({ t1 }) => t1.length === 0)).toBe(true);

  const [start, ...more] = await ownStarts(app, 'tiny');
  expect(more).toEqual([]);
  expect(start).toMatchObject({ title: run.name, licence: 'this library’s films' });
  expect(await ownStarts(app, 'small')).toEqual([]);

  expect(await evaluation.service.table({}, call)).toEqual([]);
  await expect(evaluation.service.run({ runId: id, part: 'test' }, call)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('trained without labels') as string,
  });
  const film = plan.films[0]?.filmId ?? '';
  await expect(
    inference.service.predict({ runId: id, filmId: film, attention: [] } as never, call),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(
    training.service.start(tinyRequest({ method: 'mlcak', resolution: 28, teacherRunId: id }), call),
  ).rejects.toMatchObject({ code: 'INCOMPATIBLE' });

  const teacher = await startRun(app, { init: start?.id ?? '' });
  expect((await runToEnd(app, teacher)).state).toBe('finished');
  expect(library.store.runs.get(teacher).config).toMatchObject({ init: start?.id, method: 'teacher' });
  expect(await evaluation.service.table({}, call)).toHaveLength(1);
});

it('makes a larger model of the library smaller, and says where its weights come from', async () => {
  const app = await openAppWithFilms();
  const { library } = app;
  const larger = await importStart(library, Date, weightsFile('small'), {
    title: 'Some ViT-Small',
    licence: 'Apache-2.0',
  });
  const id = await startRun(app, { method: 'pretrain', init: larger.id, recipe: {} });
  expect((await runToEnd(app, id)).state).toBe('finished');
  const [start] = await ownStarts(app, 'tiny');
  expect(start).toMatchObject({ licence: 'this library’s films; larger model: Apache-2.0' });
});

it('says before any work what cannot be learnt from', async () => {
  const app = await openAppWithFilms();
  const { training, dir } = app;
  const file = join(dir, 'tiny.safetensors');
  writeFileSync(file, weightsFile('tiny'));
  const start = (request: Parameters<typeof tinyRequest>[0]) =>
    training.service.start(tinyRequest({ method: 'pretrain', ...request }), call);
  await expect(start({ init: file, recipe: {} })).rejects.toMatchObject({
    code: 'INCOMPATIBLE',
    message: expect.stringContaining('a larger one is needed') as string,
  });
  await expect(start({ init: join(dir, 'none.safetensors'), recipe: {} })).rejects.toMatchObject({
    code: 'UNREADABLE_FILE',
  });
  await expect(start({ init: file, recipe: { epochs: 3 } })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('Leave them out') as string,
  });
  await expect(start({ resolution: 28 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  expect(await training.service.runs({}, call)).toEqual([]);
});

it('is cheaper than training with labels, and estimated so', async () => {
  const { training } = await openAppWithFilms();
  const of = (request: Parameters<typeof tinyRequest>[0]) =>
    training.service.estimate(tinyRequest({ recipe: { epochs: 400, batch: 4 }, ...request }), call);
  const [masked, teacher] = [await of({ method: 'pretrain' }), await of({})];
  expect(masked.refusals).toEqual([]);
  expect(masked).toMatchObject({ films: 10, steps: 1200 });
  expect(masked.seconds).toBeLessThan(teacher.seconds);
});
