/** @file Training as a window sees it, with real processes on real films: queue, live events, pause, crash, refusal. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, vi } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import type { WorkerHandle, WorkerHost } from '../../../main/services/service-types.ts';
import type { RunRequest } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, openTestApp, runToEnd, startRun, tinyRequest } from '../../helpers/open-app.ts';
import { scriptedHost, ScriptedWorker } from '../../helpers/scripted-workers.ts';
import { call } from '../../helpers/temp-library.ts';

/** A worker host whose latest training process the test can kill. */
function killableHost() {
  const host = createNodeWorkerHost();
  let latest: WorkerHandle | null = null;
  const workerHost: WorkerHost = {
    start(kind, env) {
      const worker = host.start(kind, env);
      if (kind === 'training') latest = worker;
      return worker;
    },
  };
  return {
    workerHost,
    kill: () => latest?.kill(),
    /** As the native library ends where it gets no memory. */
    abort: () => latest?.pid !== undefined && process.kill(latest.pid, 'SIGABRT'),
  };
}

it('trains a teacher, then a student from its cached answers, one after the other', async () => {
  const app = await openAppWithFilms();
  const { training, library, evaluation } = app;
  const teacher = await startRun(app);
  const { state, events } = await runToEnd(app, teacher);
  expect(state).toBe('finished');
  expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).sort((a, b) => a - b));
  expect(new Set(events.map(({ run }) => run.state))).toContain('training');
  const epoch = events.find((event) => event.epoch !== null)?.epoch;
  expect(epoch?.terms.map(({ name }) => name)).toEqual(['bceT1', 'bceT2']);
  expect(epoch?.rssBytes).toBeGreaterThan(1e8);

  const detail = await training.service.run({ runId: teacher }, call);
  expect(detail.checkpoints.map(({ kind }) => kind).sort()).toEqual(['final']); // what it could be resumed from is spent
  expect(detail.firstBatchHref).toBe(`bytes/run/${teacher}/first-batch`);
  expect(detail.config.findings).not.toContain('No finding');
  expect(detail.test?.t2.value).toBeTypeOf('number');

  const [student, waiting] = [
    await startRun(app, { method: 'mlcak', resolution: 28, teacherRunId: teacher }),
    await startRun(app, { method: 'none', resolution: 28 }),
  ];
  expect(library.store.runs.get(waiting).state).toBe('queued');
  expect((await runToEnd(app, student)).state).toBe('finished');
  expect((await runToEnd(app, waiting)).state).toBe('finished');
  const caches = await training.service.knowledge({}, call);
  expect([...caches].sort((a, b) => a.bytes - b.bytes)).toMatchObject([
    { teacherRunId: teacher, feature: 'none', films: 10, views: 1, complete: true },
    { teacherRunId: teacher, feature: 'mean', films: 10, views: 1, complete: true },
  ]);
  const summary = await evaluation.summary(student);
  expect(summary.t1.of).toBe(detail.config.findings.length);

  await expect(async () => training.service.remove({ runId: teacher }, call)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('taught by this one') as string,
  });
  await training.service.remove({ runId: student }, call);
  await training.service.remove({ runId: teacher }, call);
  expect(existsSync(join(library.files.runsDir, teacher))).toBe(false);
  expect(await training.service.knowledge({}, call)).toEqual([]);
});

it('a killed process leaves a resumable run that ends as an unbroken one does', async () => {
  const host = killableHost();
  const app = await openAppWithFilms(host);
  const recipe = { epochs: 2, batch: 4 };
  const whole = await startRun(app, { recipe });
  expect((await runToEnd(app, whole)).state).toBe('finished');

  const broken = await startRun(app, { recipe });
  await app.training.runToEnd(broken, ({ epoch }) => void (epoch?.epoch === 0 && host.kill()), call.signal);
  const { state, error } = app.library.store.runs.get(broken);
  expect(state).toBe('interrupted');
  expect(error?.message).toContain('resume goes on');
  expect(error?.message).toContain('run out of memory'); // nobody here asked it to end
  await app.training.service.resume({ runId: broken }, call);
  expect((await runToEnd(app, broken)).state).toBe('finished');
  const sha = (id: RunId) =>
    app.library.store.runs.checkpoints(id).find(({ kind }) => kind === 'final')?.sha256;
  expect(sha(broken)).toBe(sha(whole));
});

it('a process that ended for want of memory goes on with half the films at once, in the same run', async () => {
  const host = killableHost();
  const app = await openAppWithFilms(host);
  const { runs } = app.library.store;
  const id = await startRun(app, { recipe: { epochs: 3, batch: 4, microBatch: 4 } });
  const { config, configHash } = runs.get(id);
  const abortAfter = (last: number) =>
    app.training.runToEnd(id, ({ epoch }) => void (epoch?.epoch === last && host.abort()), call.signal);
  const planned = () => {
    const { config: plan, configHash: hash } = JSON.parse(
      readFileSync(join(app.library.files.runsDir, id, 'plan.json'), 'utf8'),
    ) as { config: typeof config; configHash: string };
    const { batch, microBatch, recompute } = plan.recipe;
    return { batch, microBatch, recompute, hash };
  };
  await abortAfter(0);
  expect(planned()).toMatchObject({ microBatch: 4, recompute: false });
  expect(runs.get(id)).toMatchObject({ state: 'interrupted', easedTo: 2 });
  expect(runs.get(id).error?.message).toContain('Resume goes on with at most 2 films at a time');

  await app.training.service.resume({ runId: id }, call);
  await abortAfter(1);
  expect(planned()).toEqual({ batch: 4, microBatch: 2, recompute: true, hash: configHash });
  expect(runs.get(id).error?.message).toContain('one film at a time');

  await app.training.service.resume({ runId: id }, call);
  expect((await runToEnd(app, id)).state).toBe('finished');
  expect(planned()).toEqual({ batch: 4, microBatch: 1, recompute: true, hash: configHash });
  expect(runs.history(id).map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
  expect(runs.get(id)).toMatchObject({ config, configHash, easedTo: 1 }); // what was asked for stays
  expect((await app.training.service.run({ runId: id }, call)).easedTo).toBe(1);
});

it('closing the app pauses the run at a checkpoint; opened again it waits for its person and goes on', async () => {
  const app = await openAppWithFilms();
  const id = await startRun(app, { recipe: { epochs: 3, batch: 4 } });
  await app.training.runToEnd(
    id,
    ({ run }) => {
      if (run.state === 'training') void app.app.close();
    },
    call.signal,
  );
  await app.app.close();
  const again = await openTestApp({ dir: app.dir });
  expect(again.library.store.runs.get(id).state).toBe('paused');
  await again.training.service.resume({ runId: id }, call);
  expect((await runToEnd(again, id)).state).toBe('finished');
  expect(again.library.store.runs.history(id).map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
});

it('a run that waits can be paused, resumed and cancelled without a process', async () => {
  const app = await openAppWithFilms();
  const first = await startRun(app);
  const second = await startRun(app);
  expect([first, second].map((id) => app.library.store.runs.get(id).name)).toEqual([
    'Teacher 224 px · ViT-Tiny',
    'Teacher 224 px · ViT-Tiny (2)',
  ]);
  await app.training.service.pause({ runId: second }, call);
  expect(app.library.store.runs.get(second).state).toBe('paused');
  await app.training.service.cancel({ runId: second }, call);
  expect(app.library.store.runs.get(second).state).toBe('cancelled');
  await app.training.service.cancel({ runId: first }, call);
  expect((await runToEnd(app, first)).state).toBe('cancelled');
  await expect(async () => app.training.service.resume({ runId: second }, call)).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

it.each([
  [
    'a student without its teacher',
    { method: 'mlcak', resolution: 28 },
    'BAD_INPUT',
    /needs a finished teacher/,
  ],
  ['a teacher below 224 px', { resolution: 56 }, 'BAD_INPUT', /224 px/],
  ['an unknown split', { splitId: 'split-00000000aaaa' as never }, 'NOT_FOUND', /no such split/],
  ['a finding nobody labelled', { findings: ['Hernia'] }, 'UNKNOWN_LABELS', /Hernia/],
  [
    'start weights that are not there',
    { init: '/nowhere/x.safetensors' },
    'UNREADABLE_FILE',
    /cannot be read/,
  ],
] as const)('refuses %s before anything is written', async (_what, request, code, message) => {
  const app = await openAppWithFilms();
  await expect(startRun(app, request as Partial<RunRequest>)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
  expect(await app.training.service.runs({}, call)).toEqual([]);
});

it('tells the cost of a run before it begins, and why it may not begin', async () => {
  const app = await openAppWithFilms();
  const good = await app.training.service.estimate(tinyRequest({ recipe: { epochs: 2, batch: 4 } }), call);
  expect(good).toMatchObject({ refusals: [], films: 10, steps: 6 });
  expect(good.seconds).toBeGreaterThan(0);
  expect(good.warnings.join(' ')).toContain('Only 10 training films');
  const bad = await app.training.service.estimate(tinyRequest({ method: 'mlcak', resolution: 28 }), call);
  expect(bad.refusals.join(' ')).toContain('teacher');
});

it('measures the machine before Start, but not for what is refused, and not beside a run', async () => {
  const scripted = scriptedHost(0, true);
  const measured: ScriptedWorker[] = [];
  const workerHost: WorkerHost = {
    start(kind, env) {
      if (kind !== 'measure') return scripted.start(kind, env);
      const worker = new ScriptedWorker(0, false); // it never answers
      measured.push(worker);
      return worker;
    },
  };
  const app = await openAppWithFilms({ workerHost, forWindow: true });
  const { service } = app.training;
  const free = vi.spyOn(app.library.files, 'freeBytes').mockResolvedValue(1e6);
  expect(await service.estimate(tinyRequest(), call)).toMatchObject({
    measuring: false,
    refusals: [expect.stringContaining('on disk')],
  });
  expect(measured).toHaveLength(0);
  free.mockRestore();
  expect((await service.estimate(tinyRequest(), call)).measuring).toBe(true);
  expect(measured).toHaveLength(1);
  const ended = new Promise((resolve) => measured[0]?.onExit(resolve));
  const run = await startRun(app);
  await ended;
  expect((await service.estimate(tinyRequest(), call)).measuring).toBe(false);
  expect(measured).toHaveLength(1);
  await service.cancel({ runId: run }, call);
  expect((await runToEnd(app, run)).state).toBe('cancelled');
  // What was stopped is not taken for something that cannot be measured.
  await vi.waitFor(async () => expect((await service.estimate(tinyRequest(), call)).measuring).toBe(true));
  expect(measured).toHaveLength(2);
});

it('the plan that a process gets names no patient', async () => {
  const app = await openAppWithFilms();
  const id = await startRun(app);
  await runToEnd(app, id);
  const plan = readFileSync(join(app.library.files.runsDir, id, 'plan.json'), 'utf8');
  expect(plan).not.toMatch(/nih-0/);
  expect(app.log.lines.join('\n')).not.toMatch(/nih-0/);
});
