/** @file The sample study with real processes on a few films: to the report, cut off and gone on with, cancelled. */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { createSampleService } from '../../../main/services/sample/sample-service.ts';
import { SAMPLE_RUNS } from '../../../main/services/sample/sample-plan.ts';
import type { RunState } from '../../../shared/domain/run-state.ts';
import { openAppWithFilms, openTestApp } from '../../helpers/open-app.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import { call } from '../../helpers/temp-library.ts';

/** The study's own runs, one epoch each. */
const SHORT = SAMPLE_RUNS.map((request): (typeof SAMPLE_RUNS)[number] => (teacher) => ({
  ...request(teacher),
  recipe: { epochs: 1, batch: 4 },
}));

type App = Awaited<ReturnType<typeof openTestApp>>;

const studyOf = ({ library, training, evaluation, inference, log }: App) =>
  createSampleService({ library, training, evaluation, inference, clock: Date, log, runs: SHORT });

async function settled(study: ReturnType<typeof studyOf>) {
  while (study.isBusy()) await new Promise((resolve) => setTimeout(resolve, 100));
  return await study.service.current({}, call);
}

it('trains teacher and students, makes overlays, writes the report; a power cut costs only the run at work', async () => {
  const app = await openAppWithFilms();
  const study = studyOf(app);
  await study.service.run({}, call);
  await expect(async () => study.service.run({}, call)).rejects.toMatchObject({ code: 'BUSY' });

  // wait until the second run is at work, then the app goes away
  const runs = app.library.store.runs;
  const stateOf = (index: number): RunState | undefined => runs.list()[index]?.state;
  while (stateOf(1) !== 'training') await new Promise((resolve) => setTimeout(resolve, 50));
  await study.close();
  await app.app.close();

  const again = await openTestApp({ dir: app.dir });
  const goneOn = studyOf(again);
  expect(await goneOn.service.current({}, call)).toMatchObject({ state: 'paused' });
  await goneOn.service.run({}, call);
  const done = await settled(goneOn);
  expect(done).toMatchObject({ state: 'finished', step: 'done', fraction: 1, error: null });
  expect(again.library.store.runs.list().map(({ state }) => state)).toEqual([
    'finished',
    'finished',
    'finished',
  ]);
  const html = readFileSync(done?.report?.path ?? '', 'utf8');
  for (const { name } of again.library.store.runs.list()) expect(html).toContain(name);
  expect(html.match(/data:image\/png/g)?.length).toBeGreaterThan(3);

  const table = await again.evaluation.service.table({}, call);
  expect(table.find(({ method }) => method === 'mlcak')?.differenceToNone?.t1.value).toBeTypeOf('number');
});

it('a cancelled study cancels the run at work and says so', async () => {
  const app = await openAppWithFilms();
  const study = studyOf(app);
  const { studyId } = await study.service.run({}, call);
  while (app.library.store.runs.list()[0]?.state !== 'training') {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await study.service.cancel({ studyId: studyId as never }, call);
  expect(await settled(study)).toMatchObject({ state: 'cancelled', report: null });
});

it('an import that was cut off is taken up again before anything is trained', async () => {
  const host = scriptedHost();
  const app = await openTestApp({ workerHost: host });
  const study = studyOf(app);
  const { studyId } = await study.service.run({}, call);
  while (app.library.store.films.totals().films < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await study.service.cancel({ studyId: studyId as never }, call);
  expect(await settled(study)).toMatchObject({ state: 'cancelled' });
  await app.library.imports.settled();
  expect(app.library.store.films.totals().films).toBeLessThan(160);

  await study.service.run({}, call);
  while (host.training.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(app.library.store.films.totals().films).toBe(160);
  expect(app.library.store.splits.list()).toMatchObject([{ name: 'Sample study' }]);
  host.training[0]?.kill();
  await settled(study);
});
