/** @file What a training process says beside its figures stays with its run: as what its steps ran, and sentences for a person. */
import { expect, it, onTestFinished } from 'vitest';

import type { EpochRecord } from '../../../shared/contract/training.ts';
import { machineName } from '../../../main/services/training/machine.ts';
import { withoutFolders } from '../../../main/services/training/without-folders.ts';
import { WORKER_PROTOCOL } from '../../../shared/worker/protocol.ts';
import { openAppWithFilms, startRun } from '../../helpers/open-app.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import { call } from '../../helpers/temp-library.ts';

const ENGINE = { threads: 2, tensorflow: '2.18' };

const epoch = (number: number, imagesPerSecond: number): EpochRecord => ({
  epoch: number,
  step: 3 * (number + 1),
  loss: 1,
  terms: [],
  learningRate: 1e-4,
  gradNorm: 1,
  validation: { loss: 1, t1: 0.5, k: 1, of: 1, t2: 0.5 },
  imagesPerSecond,
  seconds: 1,
  waitedSeconds: 0,
  rssBytes: 1,
});

async function mixedRun() {
  const host = scriptedHost();
  const app = await openAppWithFilms({ workerHost: host });
  const id = await startRun(app, { recipe: { epochs: 4, batch: 4, precision: 'mixed' } });
  while (host.training[0] === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  const [worker] = host.training;
  onTestFinished(() => worker.kill());
  const ready = { type: 'ready', protocol: WORKER_PROTOCOL, device: 'scripted', ...ENGINE } as const;
  worker.say({ ...ready, trainable: true, reason: null });
  return { app, worker, detail: () => app.training.service.run({ runId: id }, call) };
}

it('a run that was asked for in mixed precision and ran in single says so, and its rate is that of single', async () => {
  const { app, worker, detail } = await mixedRun();
  const machine = machineName({ deviceName: 'scripted', ...ENGINE });
  const rate = (precision: string) => app.library.store.settings.get(`rate.tiny.${precision}@${machine}`);
  expect((await detail()).steps).toBeNull();
  const taken = { precision: 'single', engine: 'graph', why: 'its loss or gradient is off by 0.07' } as const;
  worker.say({ type: 'steps', taken });
  for (const [number, films] of [20, 30].entries())
    worker.say({ type: 'epoch', record: epoch(number, films) });
  expect(await detail()).toMatchObject({ steps: taken, config: { recipe: { precision: 'mixed' } } });
  expect(rate('single')).toBe(30);
  expect(rate('mixed')).toBeUndefined();

  worker.say({ type: 'steps', taken: { precision: 'mixed', engine: 'graph', why: null } });
  worker.say({ type: 'epoch', record: epoch(2, 40) });
  expect(rate('mixed')).toBe(40);
  worker.say({ type: 'steps', taken: { precision: 'single', engine: 'eager', why: 'no graph' } });
  worker.say({ type: 'epoch', record: epoch(3, 5) });
  expect([rate('single'), rate('mixed')]).toEqual([30, 40]);
});

it('a warning is kept once, without folders; what is not one is not kept; of many the first stay', async () => {
  const { worker, detail } = await mixedRun();
  const warn = (message: string) => worker.say({ type: 'log', level: 'warn', message });
  warn('Films are scored without a graph: ENOSPC, open /home/Jane Doe/x/graph.pb.');
  warn('Films are scored without a graph: ENOSPC, open /home/Jane Doe/x/graph.pb.');
  worker.say({ type: 'log', level: 'info', message: 'nothing to know about' });
  const [only, ...others] = (await detail()).notes ?? [];
  expect(only).toBe('Films are scored without a graph: ENOSPC, open …/graph.pb.');
  expect(others).toEqual([]);
  for (let number = 0; number < 100; number += 1) warn(`${number} ${'long '.repeat(200)}`);
  const { notes = [] } = await detail();
  expect(notes).toHaveLength(30);
  expect(notes[1]).toMatch(/^0 long/);
  expect(Math.max(...notes.map((note) => note.length))).toBe(500);
});

it.each([
  ['cannot open C:\\Users\\Jane Doe\\lib\\best.safetensors', 'cannot open …/best.safetensors'],
  ['1/2 of the films, T1/T2 and/or 3/4', '1/2 of the films, T1/T2 and/or 3/4'],
  ['(checkpoint-000000012.safetensors: lacks bytes)', '(checkpoint-000000012.safetensors: lacks bytes)'],
])('%s', (text, wanted) => {
  expect(withoutFolders(text)).toBe(wanted);
});
