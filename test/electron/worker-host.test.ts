/**
 * @file Worker processes under Electron. `utilityProcess` is stood in for by a real child process with the same events, whose
 * child has `process.parentPort` as Electron gives it; the product's own parent-port.ts runs in it.
 */
import { getPriority } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeFileSync } from 'node:fs';

import { expect, it, onTestFinished } from 'vitest';

import { createElectronWorkerHost, type ForkUtility } from '../../main/electron/worker-host-electron.ts';
import type { WorkerHandle } from '../../main/services/service-types.ts';
import { createDecodePool } from '../../main/services/import/decode-pool.ts';
import { probeEngine } from '../../main/services/system/doctor.ts';
import { startMeasuredSteps } from '../../main/services/training/measured-steps.ts';
import type { BenchSettings } from '../../shared/worker/bench.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';
import { forkUtility } from '../helpers/utility-stand-in.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

const forkAsElectron: ForkUtility = (modulePath, args, options) => {
  const child = forkUtility(modulePath, args, options);
  onTestFinished(() => void child.kill());
  return child;
};

function host(program: string) {
  const path = join(tempFolder(), 'worker.ts');
  const port = pathToFileURL(resolve(import.meta.dirname, '../../shared/worker/parent-port.ts')).href;
  writeFileSync(
    path,
    `import { parentPort } from ${JSON.stringify(port)};\nconst port = parentPort();\n${program}`,
  );
  const log = keptLog();
  const entry = pathToFileURL(path);
  const workers = createElectronWorkerHost({
    fork: forkAsElectron,
    log,
    entries: { training: entry, inference: entry, decode: entry, measure: entry, probe: entry },
  });
  return { workers, log };
}

const nextMessage = (worker: WorkerHandle): Promise<unknown> =>
  new Promise((settle) => worker.onMessage(settle));
const exitOf = (worker: WorkerHandle): Promise<number | null> =>
  new Promise((settle) => worker.onExit((code) => settle(code)));

it('sends what is asked before the process is up, typed arrays as they are, in both directions', async () => {
  const { workers } = host(
    'port.onMessage((message) => port.send({ back: message.image, kind: typeof message }));',
  );
  const worker = workers.start('inference');
  const message = nextMessage(worker);
  worker.send({ image: new Float32Array([0.25, -1]) });
  expect(await message).toEqual({ back: new Float32Array([0.25, -1]), kind: 'object' });
});

it('passes the environment on, runs training and what measures it politely, and writes its lines to the log', async () => {
  const { workers, log } = host(`
    process.stdout.write('from the library\\n');
    port.onMessage(() => port.send({ threads: process.env.ASKED, onednn: process.env.TF_ENABLE_ONEDNN_OPTS }));
  `);
  const worker = workers.start('training', { ASKED: '3' });
  const message = nextMessage(worker);
  worker.send({});
  expect(await message).toEqual({ threads: '3', onednn: '1' });
  expect(getPriority(worker.pid)).toBeGreaterThan(getPriority());
  const measured = workers.start('measure');
  const answer = nextMessage(measured);
  measured.send({});
  await answer;
  expect(getPriority(measured.pid)).toBeGreaterThan(getPriority());
  await expect.poll(() => log.lines.join(), { timeout: 20_000 }).toContain('from the library');
});

it('tells the end, and sends nothing to a process that is gone', async () => {
  const { workers } = host('port.onMessage(() => process.exit(7));');
  const worker = workers.start('inference');
  const ended = exitOf(worker);
  worker.send({});
  expect(await ended).toBe(7);
  expect(() => worker.send({})).not.toThrow();
  expect(() => worker.kill()).not.toThrow();
});

it('ends a process that does not listen', async () => {
  const { workers } = host(`process.on('SIGTERM', () => undefined); port.send({}); for (;;);`);
  const worker = workers.start('training');
  await nextMessage(worker);
  const ended = exitOf(worker);
  worker.kill();
  expect(await ended).not.toBe(0);
});

const own = (log = keptLog()) => createElectronWorkerHost({ fork: forkAsElectron, log });

it('reads films, and ends a reader by time, by memory and with the app', async () => {
  const path = join(tempFolder(), 'film.dcm');
  writeFileSync(path, tinyDicom({ patientId: 'A' }));
  const task = { kind: 'prepare', path, name: 'film.dcm' } as const;
  const pool = createDecodePool({ workerHost: own(), size: 1 });
  const { header, model } = await pool.decode(task);
  expect([header.rows, header.cols, model.length]).toEqual([32, 24, 224 * 224]);
  await pool.close();
  const little = createDecodePool({ workerHost: own(), size: 1, maxBytes: 1024 });
  // The first film may be read before the guard looks for the first time.
  const outcome = () =>
    little.decode(task).then(
      () => 'read',
      ({ code }: { readonly code: string }) => code,
    );
  await expect.poll(outcome, { timeout: 30_000 }).toBe('READER_STOPPED');
  await little.close();
  const { workers, log } = host(`console.error('name of a film'); for (;;);`);
  const slow = createDecodePool({ workerHost: workers, size: 1, timeoutMs: 3000 });
  await expect(slow.decode(task)).rejects.toMatchObject({ code: 'TIMEOUT' });
  await slow.close();
  expect(log.lines).toEqual([]);
});

it('caps the heap of a reader, and takes no options for it from the environment', async () => {
  process.env.NODE_OPTIONS = '--no-deprecation';
  onTestFinished(() => void delete process.env.NODE_OPTIONS);
  const { workers } = host(`
    import { getHeapStatistics } from 'node:v8';
    port.onMessage(() => port.send([getHeapStatistics().heap_size_limit, process.env.NODE_OPTIONS]));
  `);
  const worker = workers.start('decode');
  const message = nextMessage(worker);
  worker.send({});
  const [limit, options] = (await message) as [number, string];
  expect(limit).toBeLessThan(1.2 * 1024 ** 3);
  expect(options).toBe('');
  worker.kill();
});

it('tries the engine, and turns its end into a sentence', async () => {
  const probe = await probeEngine({ workerHost: own(), env: { CHESTLIGHT_ENGINE: 'wasm' } });
  expect(probe.engine).toMatchObject({ backend: 'wasm', trainable: false });
  expect(probe.selfTest.ok).toBe(true);
  const { workers } = host(`console.error('no such library'); process.exit(3);`);
  const { engine } = await probeEngine({ workerHost: workers });
  expect(engine.reason).toContain('ended with code 3: no such library');
});

it('measures steps, and says why where it cannot', { timeout: 120_000 }, async () => {
  const settings: BenchSettings = {
    what: 'predict',
    model: 'tiny',
    batch: 1,
    microBatch: 1,
    films: 1,
    recompute: false,
    precision: 'single',
    tokens: 'upsampled',
  };
  const steps = startMeasuredSteps(own(), settings);
  expect((await steps.ready).parameters).toBeGreaterThan(5e6);
  expect(await steps.step()).toBeGreaterThan(0);
  expect((await steps.end()).rssBytes).toBeGreaterThan(100e6);
  await expect(steps.step()).rejects.toThrow();
  const wrong = startMeasuredSteps(own(), { ...settings, batch: 0 });
  await expect(wrong.ready).rejects.toThrow(/Error/);
});

it('ends a process that it was told to end before that was up', async () => {
  const { workers } = host('setInterval(() => undefined, 1000);');
  const worker = workers.start('probe');
  const ended = exitOf(worker);
  worker.kill();
  expect(await ended).not.toBe(0);
});
