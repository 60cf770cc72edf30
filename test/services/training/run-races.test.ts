/** @file Moments in which two things happen to a run at once, and a disk that is full: no run is stuck, nothing else stops. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { openAppWithFilms, openTestApp, startRun, tinyRequest } from '../../helpers/open-app.ts';
import { scriptedHost, type ScriptedHost } from '../../helpers/scripted-workers.ts';
import { call } from '../../helpers/temp-library.ts';

type App = Awaited<ReturnType<typeof openAppWithFilms>>;

const stateOf = (app: App, id: RunId) => app.library.store.runs.get(id).state;

/** Waits for something that other code brings about within a moment. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function workerOf(host: ScriptedHost, number = 0) {
  await until(() => host.training.length > number);
  const worker = host.training[number];
  if (worker === undefined) throw new Error('no process');
  return worker;
}

const PROGRESS = {
  phase: 'training',
  epoch: 0,
  epochs: 1,
  step: 1,
  steps: 3,
  fraction: 0.3,
  loss: 1,
  imagesPerSecond: 1,
  rssBytes: 1,
  etaSeconds: 1,
} as const;

/** What a process leaves behind when it has scored the films. */
function writeScores({ library }: App, id: RunId): void {
  const run = library.store.runs.get(id);
  const films = library.store.splits.dataset(run.splitId, run.config.findings);
  const rows = films
    .filter(({ part }) => part !== 'train')
    .map(({ filmId, part }, index) => ({
      filmId,
      part,
      t1: run.config.findings.map((_, finding) => ((index * 7 + finding) % 10) / 10),
      t2: ((index * 3) % 10) / 10,
    }));
  const dir = join(library.files.runsDir, id);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'scores.json'), JSON.stringify(rows));
}

it.each([
  ['pause', 'finished'],
  ['cancel', 'cancelled'],
] as const)('%s while the metrics are computed leaves the run %s', async (verb, state) => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app);
  const worker = await workerOf(host);
  worker.say({ type: 'progress', progress: PROGRESS });
  writeScores(app, id);
  worker.say({ type: 'ended', how: 'finished', scoresFile: 'scores.json' });
  expect(stateOf(app, id)).toBe('evaluating');
  await app.training.service[verb]({ runId: id }, call);
  await until(() => !app.training.isBusy());
  expect(stateOf(app, id)).toBe(state);
});

it.each([
  ['pause', 'paused'],
  ['cancel', 'cancelled'],
] as const)('%s while the plan is written leaves the run %s, without a process', async (verb, state) => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app);
  expect(stateOf(app, id)).toBe('preparing');
  await app.training.service[verb]({ runId: id }, call);
  await until(() => stateOf(app, id) === state);
  expect(host.training).toHaveLength(0);
});

it('the app closes while a plan is written: no process starts, the run waits for its person', async () => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app);
  await app.training.close();
  expect(stateOf(app, id)).toBe('paused');
  expect(host.training).toHaveLength(0);
});

it('a run resumed in the very moment in which the app opens is started', async () => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app);
  await app.training.service.pause({ runId: id }, call);
  await until(() => stateOf(app, id) === 'paused');
  await app.app.close();
  const again = await openTestApp({ dir: app.dir, workerHost: host });
  const { training } = again;
  void training.service.resume({ runId: id }, call);
  (await workerOf(host)).kill();
});

it('a disk that takes no more rows interrupts the run with the reason; the app goes on', async () => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app);
  const worker = await workerOf(host);
  const { runs } = app.library.store;
  const full = new ServiceError(
    'DISK_FULL',
    'The disk is full. What was saved before is kept; free some space.',
  );
  const { setProgress } = runs;
  Object.assign(runs, {
    setProgress: () => {
      throw full;
    },
  });
  worker.say({ type: 'progress', progress: PROGRESS });
  Object.assign(runs, { setProgress });
  await until(() => !app.training.isBusy());
  expect(runs.get(id)).toMatchObject({ state: 'interrupted', error: { code: 'DISK_FULL' } });
  await app.training.service.resume({ runId: id }, call);
  const again = await workerOf(host, 1);
  expect(again.asked).toMatchObject([{ type: 'start' }]);
  again.kill();
});

it('removing a run whose process is still leaving waits for it; the next run starts', async () => {
  const host = scriptedHost(100);
  const app = await openAppWithFilms({ workerHost: host });
  const first = await startRun(app);
  const second = await startRun(app);
  const worker = await workerOf(host);
  worker.say({ type: 'progress', progress: PROGRESS });
  await app.training.service.cancel({ runId: first }, call);
  worker.say({ type: 'ended', how: 'cancelled', scoresFile: null });
  const watched = app.training.runToEnd(second, () => undefined, call.signal);
  await app.training.service.remove({ runId: first }, call);
  expect(app.library.store.runs.find(first)).toBeNull();
  await workerOf(host, 1);
  expect(stateOf(app, second)).toBe('preparing');

  // who follows a run that is removed is told
  await app.training.service.cancel({ runId: second }, call);
  host.training[1]?.say({ type: 'ended', how: 'cancelled', scoresFile: null });
  expect(await watched).toBe('cancelled');
});

it('who asks with a number of another log hears what happens from then on; who asks with an old one, all since', async () => {
  const app = await openAppWithFilms({ workerHost: scriptedHost() });
  const runId = await startRun(app);
  const { events } = app.library.store;
  const first = events.lastSeq();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const watch = (afterSeq: number) =>
    app.training.service.watch({ afterSeq }, { signal: stop.signal }) as AsyncGenerator<{
      readonly seq: number;
    }>;
  const foreign = watch(first + 1000);
  for (let at = 0; at < 2500; at += 1) events.append('run', runId, { epoch: null }, at);
  await app.training.service.rename({ runId, name: 'Other' }, call);
  for (const heard of [foreign, watch(first)]) {
    for (let seq = first + 1; seq <= first + 2501; seq += 1)
      expect((await heard.next()).value).toMatchObject({ seq });
  }
});

it('windows learn of a removal, and nobody waits for a run that is gone', async () => {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const running = await startRun(app);
  const queued = await startRun(app);
  const stop = new AbortController();
  const events = app.training.service.watch(
    { afterSeq: app.library.store.events.lastSeq() },
    { signal: stop.signal },
  ) as AsyncGenerator<{ readonly runId: string; readonly run: unknown }>;
  const removed = (async () => {
    for await (const { runId, run } of events) if (run === null) return runId;
    return null;
  })();
  const gone = expect(app.training.runToEnd(queued, () => undefined, call.signal)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await app.training.service.remove({ runId: queued }, call);
  expect(await removed).toBe(queued);
  await gone;
  stop.abort();
  host.training[0]?.kill();
  expect(app.library.store.runs.find(running)).not.toBeNull();
});

it('an estimate leaves no split behind', async () => {
  const app = await openAppWithFilms({ workerHost: scriptedHost() });
  const estimate = await app.training.service.estimate(tinyRequest(), call);
  expect(estimate).toMatchObject({ refusals: [], films: 10 });
  expect(app.library.store.splits.list()).toEqual([]);
});
