/**
 * @file Starts the app for a browser window: opens the library, listens on 127.0.0.1, prints one line of JSON with the
 * address of a first window, and ends cleanly when asked.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import pino from 'pino';

import { openApp } from '../services/compose.ts';
import type { Log } from '../services/service-types.ts';
import { createKeptKeys } from '../services/encryption/kept-keys.ts';
import { defaultLibraryFolder, keysFolder } from '../services/system/data-folder.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { logOf, openAppLog } from './app-log.ts';
import { keepMemoryOutOfCores } from './core-dumps.ts';
import { startLoopback } from './loopback-server.ts';
import { shellKeyStore } from './shell-key-store.ts';
import { createNodeWorkerHost } from './worker-host-node.ts';

keepMemoryOutOfCores();

const RENDERER = fileURLToPath(new URL('../../dist/renderer', import.meta.url));

/** Beside a shell the lines go to it, which keeps the log; alone they go to the log in the library's folder. */
function openLog(libraryDir: string): Log {
  if (process.send === undefined) return openAppLog(libraryDir);
  return logOf(pino({ level: process.env.CHESTLIGHT_LOG ?? 'info' }, pino.destination(2)));
}

/** First line of a file, `-` = standard input. @throws ServiceError NOT_FOUND */
function secretIn(file: string): string {
  try {
    return (
      readFileSync(file === '-' ? 0 : file, 'utf8')
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/, 1)[0] ?? ''
    );
  } catch (error) {
    throw new ServiceError(
      'NOT_FOUND',
      `The file of --unlock could not be read: ${(error as Error).message}`,
    );
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      library: { type: 'string' },
      port: { type: 'string' },
      renderer: { type: 'string' },
      // What opens an encrypted library, in a file's first line; without it the page asks.
      unlock: { type: 'string' },
      // The shell that started this has a key store.
      'key-store': { type: 'boolean' },
      // An address is good for one window or program.
      addresses: { type: 'string' },
    },
  });
  const libraryDir = values.library ?? defaultLibraryFolder();
  const log = openLog(libraryDir);
  // One promise that nobody waited for must not take every window and a run at work with it.
  process.on('unhandledRejection', (error) => log.error('a promise failed', { error: String(error) }));
  const app = await openApp({
    libraryDir,
    secret: values.unlock === undefined ? null : secretIn(values.unlock),
    host: 'browser',
    workerHost: createNodeWorkerHost(),
    log,
    clock: Date,
    forWindow: true,
    ...(values['key-store'] === true && { keptKeys: createKeptKeys(shellKeyStore(), keysFolder()) }),
  });
  const server = await startLoopback({
    app,
    rendererDir: values.renderer ?? RENDERER,
    log,
    clock: Date,
    port: Number(values.port ?? 0),
  });
  const urls = Array.from({ length: Number(values.addresses ?? 1) }, () => server.url());
  process.stdout.write(`${JSON.stringify({ url: urls[0], urls })}\n`);
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    try {
      await server.close();
      await app.close();
      process.exit(0);
    } catch (error) {
      log.error('closing failed', { error: String(error) });
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void close());
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ServiceError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
