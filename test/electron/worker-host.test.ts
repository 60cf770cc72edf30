/**
 * @file Worker processes under Electron. `utilityProcess` is stood in for by a real child process with the same events, whose
 * child has `process.parentPort` as Electron gives it; the product's own parent-port.ts runs in it.
 */
import { fork } from 'node:child_process';
import { getPriority } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeFileSync } from 'node:fs';

import { expect, it, onTestFinished } from 'vitest';

import {
  createElectronWorkerHost,
  type ForkUtility,
  type UtilityChild,
} from '../../main/electron/worker-host-electron.ts';
import type { WorkerHandle } from '../../main/services/service-types.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';

/** Electron's `fork`, by child_process: messages to the child arrive as `{ data }` on `process.parentPort`. */
const forkAsElectron: ForkUtility = (modulePath, args, { env, stdio }) => {
  const child = fork(modulePath, args, {
    env,
    serialization: 'advanced',
    stdio: [...stdio, 'ipc'],
    execArgv: ['--import', PARENT_PORT],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const utility: UtilityChild = {
    get pid() {
      return child.pid;
    },
    stdout: child.stdout,
    stderr: child.stderr,
    postMessage: (message) => void child.send(message as object),
    on: (_event, listener) => child.on('message', listener),
    once: (event: 'spawn' | 'exit', listener: (code: number) => void) =>
      child.once(event, (code: number | null) => listener(code ?? 9)),
    kill: () => child.kill('SIGTERM'),
  };
  return utility;
};

const PARENT_PORT = `data:text/javascript,${encodeURIComponent(`
  const send = process.send.bind(process);
  process.send = undefined;
  process.parentPort = {
    postMessage: (message) => send(message),
    on: (_event, listener) => process.on('message', (data) => listener({ data })),
  };
`)}`;

function host(program: string) {
  const path = join(tempFolder(), 'worker.ts');
  const port = pathToFileURL(resolve(import.meta.dirname, '../../main/worker/parent-port.ts')).href;
  writeFileSync(
    path,
    `import { parentPort } from ${JSON.stringify(port)};\nconst port = parentPort();\n${program}`,
  );
  const log = keptLog();
  const entry = pathToFileURL(path);
  const workers = createElectronWorkerHost({
    fork: forkAsElectron,
    log,
    entries: { training: entry, inference: entry },
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

it('passes the environment on, runs training politely, and writes its lines to the log', async () => {
  const { workers, log } = host(`
    process.stdout.write('from the library\\n');
    port.onMessage(() => port.send({ threads: process.env.ASKED, onednn: process.env.TF_ENABLE_ONEDNN_OPTS }));
  `);
  const worker = workers.start('training', { ASKED: '3' });
  const message = nextMessage(worker);
  worker.send({});
  expect(await message).toEqual({ threads: '3', onednn: '1' });
  expect(getPriority(worker.pid)).toBeGreaterThan(getPriority());
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
