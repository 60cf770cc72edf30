/** @file Moments in which something happens to a study under way: no cell is lost, none is trained twice, nobody waits for ever. */
import { expect, it } from 'vitest';

import type { StudyPlan } from '../../../shared/contract/study.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { openTestApp, startRun } from '../../helpers/open-app.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import { importAll, call } from '../../helpers/temp-library.ts';
import { smallFilmFolder } from '../../helpers/small-library.ts';
import { endRun, openScripted, planOf, start, statesOf, until, viewOf, type App } from './small-studies.ts';

const ALONE: Partial<StudyPlan> = {
  systems: [{ name: 'none', title: 'No distillation', method: 'none' }],
  without: ['teacher-tiny-224-1'],
};
const KEY = 'none-tiny-28-1';

const runsOf = ({ library }: App) => library.store.runs.list();

it('paused and resumed at once, it goes on with the same run and is not taken for paused by a person', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app);
  await until(() => host.training.length === 1);
  await app.studies.service.pause({ studyId }, call);
  await app.studies.service.resume({ studyId }, call);
  await until(() => host.training.length === 2);
  expect(await viewOf(app, studyId)).toMatchObject({ state: 'running', error: null });
  expect(runsOf(app)).toHaveLength(1);
});

it('paused at any moment while its run is being started, it leaves no run at work', async () => {
  const { app } = await openScripted();
  const { studies } = app;
  for (const turns of [0, 1, 2, 4, 8, 16]) {
    const studyId = await start(
      app,
      planOf({ ...ALONE, seeds: [turns], without: [`teacher-tiny-224-${turns}`] }),
    );
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await studies.service.pause({ studyId }, call);
    await until(() => !studies.isBusy() && !app.training.isBusy());
    expect(await viewOf(app, studyId)).toMatchObject({ state: 'paused', error: null });
  }
  expect(new Set(runsOf(app).map(({ state }) => state))).toEqual(new Set(['paused']));
});

it('a person who pauses its run pauses the study, which says so', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app);
  await until(() => host.training.length === 1);
  const [run] = runsOf(app);
  await app.training.service.pause({ runId: run?.id as RunId }, call);
  await until(() => !app.studies.isBusy());
  expect(await viewOf(app, studyId)).toMatchObject({
    state: 'paused',
    error: { code: 'CANCELLED', message: expect.stringContaining('was paused') as string },
  });
});

it('a person who cancels its run leaves the cell out; taken in, another run does it', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf({ ...ALONE, resolutions: [28, 56] }));
  await until(() => host.training.length === 1);
  await app.training.service.cancel({ runId: runsOf(app)[0]?.id as RunId }, call);
  await until(() => host.training.length === 2);
  expect(await statesOf(app, studyId)).toEqual([`${KEY} left-out`, 'none-tiny-56-1 running']);
  await app.studies.service.takeIn({ studyId, key: KEY }, call);
  await endRun(host, 2, 'failed');
  await until(() => host.training.length === 3);
  expect(await statesOf(app, studyId)).toEqual([`${KEY} running`, 'none-tiny-56-1 failed']);
  expect(runsOf(app).map(({ state }) => state)).toEqual(['cancelled', 'failed', 'preparing']);
});

it('left out and taken in again at once, the cell is trained', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf(ALONE));
  await until(() => host.training.length === 1);
  await app.studies.service.leaveOut({ studyId, key: KEY }, call);
  await app.studies.service.takeIn({ studyId, key: KEY }, call);
  await until(() => host.training.length === 2);
  expect(await statesOf(app, studyId)).toEqual([`${KEY} running`]);
});

it('a full disk pauses the study instead of failing one cell after the other; resumed, it tries the same run', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app);
  await endRun(host, 1, 'failed', 'DISK_FULL');
  await until(() => !app.studies.isBusy());
  expect(await viewOf(app, studyId)).toMatchObject({ state: 'paused', error: { code: 'DISK_FULL' } });
  expect(await statesOf(app, studyId)).toEqual([
    'teacher-tiny-224-1 waiting',
    `${KEY} waiting`,
    'mlcak-tiny-28-1 waiting',
  ]);
  await app.studies.service.resume({ studyId }, call);
  await until(() => host.training.length === 2);
  expect(runsOf(app)).toHaveLength(1);
});

it("a person's own run goes first; a run that is removed while it waits is made again", async () => {
  const { host, app } = await openScripted();
  const own = await startRun(app, { seed: 9 });
  const studyId = await start(app, planOf(ALONE));
  await until(() => runsOf(app).length === 2);
  expect(await viewOf(app, studyId)).toMatchObject({ current: KEY });
  const waiting = runsOf(app).find(({ id }) => id !== own)?.id as RunId;
  await app.training.service.remove({ runId: waiting }, call);
  await until(() => runsOf(app).length === 2);
  await until(() => host.training.length === 1);
  await endRun(host, 1, 'failed');
  await until(() => host.training.length === 2);
  const now = await viewOf(app, studyId);
  expect(now.cells[0]).toMatchObject({ state: 'running' });
  expect(now.cells[0]?.runId).not.toBe(waiting);
});

it('a run that was made just before the power was cut is taken up, not made again', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf(ALONE));
  await until(() => host.training.length === 1);
  const [run] = runsOf(app);
  // As if the row of the cell had not been written any more.
  app.library.store.studies.setRun(studyId, KEY, null, false);
  await app.app.close();
  const again = await openTestApp({ dir: app.dir, workerHost: host });
  await until(() => host.training.length === 2);
  expect(runsOf(again).map(({ id }) => id)).toEqual([run?.id]);
  expect((await viewOf(again, studyId)).cells[0]?.runId).toBe(run?.id);
});

it('paused it stays paused when the library opens; at work it goes on, unless the program says that it waits', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf(ALONE));
  await until(() => host.training.length === 1);
  await app.app.close();
  const waits = await openTestApp({ dir: app.dir, workerHost: host, goOn: false });
  expect(waits.studies.isBusy()).toBe(false);
  await waits.studies.service.resume({ studyId }, call);
  await until(() => host.training.length === 2);
  await waits.studies.service.pause({ studyId }, call);
  await waits.app.close();
  const paused = await openTestApp({ dir: app.dir, workerHost: host });
  expect(paused.studies.isBusy()).toBe(false);
  expect(await statesOf(paused, studyId)).toEqual([`${KEY} paused`]);
});

it('films and labels that come later do not change a study under way', async () => {
  const { app } = await openScripted();
  const studyId = await start(app);
  const before = (await viewOf(app, studyId)).plan;
  expect(before.findings?.length).toBeGreaterThan(1);
  const { dir, labels } = smallFilmFolder();
  await importAll(app.library, { paths: [dir], labels });
  expect(app.library.store.splits.list().map(({ id }) => id)).toEqual([before.splitId]);
  expect((await viewOf(app, studyId)).plan).toEqual(before);
});

it('what a teacher is asked is counted once for all its students', async () => {
  const { app } = await openScripted();
  const seconds = async (seeds: number[]) => {
    const { cells } = await app.studies.service.estimate(
      planOf({ seeds, recipe: { epochs: 1, batch: 4, augment: true, views: 50 } }),
      call,
    );
    return new Map(cells.map((cell) => [cell.key, cell.seconds]));
  };
  const two = await seconds([1, 2]);
  expect(two.get('none-tiny-28-2')).toBe(two.get('none-tiny-28-1'));
  expect(two.get('mlcak-tiny-28-2')).toBe(two.get('none-tiny-28-2')); // as if nobody taught it
  expect(two.get('mlcak-tiny-28-1')).toBeGreaterThan(two.get('mlcak-tiny-28-2') ?? Number.NaN);
  // Alone the second seed would have to ask itself.
  expect((await seconds([2])).get('mlcak-tiny-28-2')).toBe(two.get('mlcak-tiny-28-1'));
});

it('whoever watches hears every change once, the status line names the study, and removing it ends the watching', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf({ ...ALONE, name: 'Watched' }));
  const seen: string[] = [];
  const watching = (async () => {
    for await (const study of await app.studies.service.watch({ studyId }, call))
      seen.push(JSON.stringify(study));
  })();
  await until(() => host.training.length === 1);
  expect(await app.app.services.system.status({}, call)).toMatchObject({
    running: { kind: 'study', id: studyId, title: 'Watched' },
  });
  await app.studies.service.pause({ studyId }, call);
  await until(() => !app.studies.isBusy());
  await app.studies.service.remove({ studyId }, call);
  await watching;
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.every((now, index) => now !== seen[index - 1])).toBe(true);
});

it('a library that is only looked at lists its studies and trains nothing', async () => {
  const { host, app } = await openScripted();
  const studyId = await start(app, planOf(ALONE));
  await until(() => host.training.length === 1);
  const beside = await openTestApp({ dir: app.dir, workerHost: scriptedHost() });
  expect(beside.studies.isBusy()).toBe(false);
  expect(await viewOf(beside, studyId)).toMatchObject({ state: 'running' });
  expect((await beside.studies.service.estimate(planOf(), call)).cells).toHaveLength(3);
  await expect(async () => beside.studies.service.pause({ studyId }, call)).rejects.toMatchObject({
    code: 'READ_ONLY',
  });
});
