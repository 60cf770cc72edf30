/** @file Studies on scripted and real training processes: order, reuse, pause, power cuts, cells left out, failures. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { splitRequest } from '../../../shared/contract/library.ts';
import { machineName } from '../../../main/services/training/machine.ts';
import { importWeights } from '../../../main/numeric/weights/import-weights.ts';
import type { Study, StudyPlan } from '../../../shared/contract/study.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, openTestApp, runToEnd, startRun } from '../../helpers/open-app.ts';
import { call, tempFolder } from '../../helpers/temp-library.ts';
import { endRun, openScripted, planOf, start, statesOf, until, viewOf, type App } from './small-studies.ts';

/** Of the weights alone: what a file says of its run names the run. */
const finalHashes = ({ dir, library }: App, study: Study): string[] =>
  study.cells.map(({ runId }) => {
    const id = runId as RunId;
    const file = library.store.runs.checkpoints(id).find(({ kind }) => kind === 'final')?.file ?? '';
    const hash = createHash('sha256');
    const { weights } = importWeights(readFileSync(join(dir, 'runs', id, file)));
    for (const [name, values] of weights) hash.update(name).update(values);
    return hash.digest('hex');
  });

describe('with real processes', () => {
  it('trains teacher and students of two seeds; a study cut off in the middle ends with the same weights', async () => {
    const systems = [{ name: 'mlcak', title: 'MLCAK', method: 'mlcak' as const }];
    const plan = planOf({ systems, seeds: [1, 2] });
    const films = await openAppWithFilms();
    await films.library.service.createSplit(splitRequest.parse({}), call);
    await films.app.close();
    const copy = join(tempFolder(), 'copy');
    cpSync(films.dir, copy, { recursive: true }); // the same films, patients and split
    const whole = await openTestApp({ dir: films.dir });
    const first = await start(whole, plan);
    const done = await whole.studies.toEnd(first, () => undefined, call.signal);
    expect(done).toMatchObject({ state: 'finished', fraction: 1, error: null, current: null });
    expect(done.cells.map(({ key, state, reused }) => [key, state, reused])).toEqual([
      ['teacher-tiny-224-1', 'done', false],
      ['mlcak-tiny-28-1', 'done', false],
      ['mlcak-tiny-28-2', 'done', false],
    ]);
    // One teacher, and its answers once for both seeds.
    expect(await whole.training.service.knowledge({}, call)).toHaveLength(2);
    const teachers = new Set(done.cells.slice(1).map(({ teacher }) => teacher));
    expect(teachers).toEqual(new Set(['teacher-tiny-224-1']));

    const cut = await openTestApp({ dir: copy });
    const second = await start(cut, plan);
    await until(async () => (await viewOf(cut, second)).current === 'mlcak-tiny-28-1');
    await until(() =>
      cut.library.store.runs
        .list()
        .some(({ state, config }) => state === 'training' && config.method === 'mlcak'),
    );
    await cut.app.close();
    const again = await openTestApp({ dir: cut.dir });
    // Nobody asked: it goes on by itself.
    const resumed = await again.studies.toEnd(second, () => undefined, call.signal);
    expect(resumed.state).toBe('finished');
    expect(finalHashes(again, resumed)).toEqual(finalHashes(whole, done));
  });

  it('skips what a run of the same settings has done before', async () => {
    const app = await openAppWithFilms();
    const teacher = await startRun(app, { recipe: { epochs: 1, batch: 4 } });
    expect((await runToEnd(app, teacher)).state).toBe('finished');
    const plan = planOf({ systems: [{ name: 'none', title: 'No distillation', method: 'none' }] });
    const mlcak = planOf();
    const estimate = await app.studies.service.estimate(mlcak, call);
    expect(estimate.cells.map(({ doneBy }) => doneBy)).toEqual([teacher, null, null]);
    expect(estimate.seconds).toBeGreaterThan(0);
    expect(estimate.mixed).toBeNull(); // not measured yet
    const machine = machineName(await app.inference.engineInfo());
    for (const [model, mixed] of [
      ['tiny', 0.2],
      ['small', 0.25],
    ] as const) {
      app.library.store.settings.set(`machine.${model}@${machine}`, {
        ...{ startSeconds: 5, secondsPerFilm: 0.3 },
        mixed: { precision: 'mixed', secondsPerFilm: mixed },
      });
    }
    const measured = await app.studies.service.estimate({ ...mlcak, models: ['tiny', 'small'] }, call);
    expect(measured.mixed).toEqual({ precision: 'mixed', gain: expect.closeTo(1.2, 6) as number }); // the smaller gain
    const study = await app.studies.toEnd(await start(app, plan), () => undefined, call.signal);
    expect(study.cells[0]).toMatchObject({ state: 'done', reused: true, runId: teacher });
    expect(study.cells[1]).toMatchObject({ state: 'done', reused: false });
    expect(app.library.store.runs.list()).toHaveLength(2);
  });
});

describe('with scripted processes', () => {
  it('a teacher that fails blocks its students, the others go on, and it can be taken in again', async () => {
    const { host, app } = await openScripted();
    const id = await start(app);
    await endRun(host, 1, 'failed');
    await endRun(host, 2, 'failed');
    const study = await app.studies.toEnd(id, () => undefined, call.signal);
    expect(study.state).toBe('finished');
    expect(await statesOf(app, id)).toEqual([
      'teacher-tiny-224-1 failed',
      'none-tiny-28-1 failed',
      'mlcak-tiny-28-1 blocked',
    ]);
    expect(study.cells[0]?.error).toMatchObject({ code: 'NOT_FINITE', message: 'no numbers' });
    await app.studies.service.takeIn({ studyId: id, key: 'teacher-tiny-224-1' }, call);
    await until(() => host.training.length === 3);
    expect(await viewOf(app, id)).toMatchObject({ state: 'running', current: 'teacher-tiny-224-1' });
  });

  it('a process that dies again and again is a failed cell, not an endless loop', async () => {
    const { host, app } = await openScripted();
    const id = await start(app, planOf({ systems: [{ name: 'none', title: 'None', method: 'none' }] }));
    for (const nth of [1, 2, 3]) await endRun(host, nth, 'dies');
    await until(async () => (await statesOf(app, id))[0] === 'teacher-tiny-224-1 failed');
    await until(() => host.training.length === 4);
    expect(app.library.store.runs.list()).toHaveLength(2);
  });

  it('paused, it keeps the run at work; resumed, it goes on with the same run', async () => {
    const { host, app } = await openScripted();
    const id = await start(app);
    await until(() => host.training.length === 1);
    await app.studies.service.pause({ studyId: id }, call);
    expect(await viewOf(app, id)).toMatchObject({ state: 'paused', current: null });
    await until(async () => (await statesOf(app, id))[0] === 'teacher-tiny-224-1 paused');
    await app.studies.service.resume({ studyId: id }, call);
    await until(() => host.training.length === 2);
    expect(app.library.store.runs.list()).toHaveLength(1);
  });

  it('cells wait in the order given, students behind their teacher; one left out is not trained', async () => {
    const { host, app } = await openScripted();
    const id = await start(app, planOf({ resolutions: [28, 56] }));
    await until(() => host.training.length === 1);
    const keys = ['mlcak-tiny-56-1', 'none-tiny-56-1', 'none-tiny-28-1'];
    await app.studies.service.reorder({ studyId: id, keys }, call);
    expect((await statesOf(app, id)).map((line) => line.split(' ')[0])).toEqual([
      'teacher-tiny-224-1',
      'mlcak-tiny-56-1',
      'mlcak-tiny-28-1',
      'none-tiny-56-1',
      'none-tiny-28-1',
    ]);
    await app.studies.service.leaveOut({ studyId: id, key: 'none-tiny-56-1' }, call);
    await app.studies.service.leaveOut({ studyId: id, key: 'teacher-tiny-224-1' }, call);
    await until(() => host.training.length === 2);
    expect(await statesOf(app, id)).toEqual([
      'teacher-tiny-224-1 left-out',
      'mlcak-tiny-56-1 blocked',
      'mlcak-tiny-28-1 blocked',
      'none-tiny-56-1 left-out',
      'none-tiny-28-1 running',
    ]);
  });

  it('one study runs at a time; a study that is running is not removed', async () => {
    const { host, app } = await openScripted();
    const id = await start(app);
    await until(() => host.training.length === 1);
    await expect(start(app)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(async () => app.studies.service.remove({ studyId: id }, call)).rejects.toMatchObject({
      code: 'BUSY',
    });
    await app.studies.service.pause({ studyId: id }, call);
    await app.studies.service.remove({ studyId: id }, call);
    expect(await app.studies.service.list({}, call)).toEqual([]);
    expect(app.library.store.runs.list()).toHaveLength(1);
  });

  it('a plan that cannot work is refused before anything is queued', async () => {
    const { app } = await openScripted();
    const refused = async (change: Partial<StudyPlan>, code: string): Promise<void> => {
      await expect(start(app, planOf(change))).rejects.toMatchObject({ code });
      const estimate = await app.studies.service.estimate(planOf(change), call);
      expect(estimate.refusals).toHaveLength(1);
    };
    await refused({ labelSet: 'vindr-22' }, 'UNKNOWN_LABELS');
    await refused({ init: { tiny: 'start-0123456789abcdef' } }, 'NOT_FOUND');
    await refused({ init: { tiny: '/no/such/file' } }, 'UNREADABLE_FILE');
    await refused({ without: ['mlcak-tiny-112-1'] }, 'BAD_INPUT');
    expect(app.library.store.runs.list()).toEqual([]);
    expect(app.library.store.studies.list()).toEqual([]);
  });
});
