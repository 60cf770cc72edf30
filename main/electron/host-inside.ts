/** @file The app in Electron's main process, its workers as utility processes: the host on macOS and Windows. */
import { createBytesHandler } from '../rpc/bytes.ts';
import { openApp } from '../services/compose.ts';
import { createKeptKeys, type KeyStore } from '../services/encryption/kept-keys.ts';
import { keysFolder } from '../services/system/data-folder.ts';
import type { Clock, Log, WorkerHost } from '../services/service-types.ts';
import type { AppHost } from './app-host.ts';
import { createPortServer } from './message-port-rpc.ts';

export interface InsideOptions {
  readonly libraryDir: string;
  readonly workerHost: WorkerHost;
  readonly log: Log;
  readonly clock: Clock;
  /** Null = the system has none. */
  readonly keyStore: KeyStore | null;
}

/** @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, DISK_FULL */
export async function openInside({ keyStore, ...options }: InsideOptions): Promise<AppHost> {
  const keptKeys = keyStore === null ? undefined : createKeptKeys(keyStore, keysFolder());
  const app = await openApp({ ...options, host: 'electron', forWindow: true, keptKeys });
  return {
    connect: createPortServer(app.services, options.log),
    bytes: createBytesHandler(app.bytes, options.log),
    // It ends with this process, and then nobody is left to be told.
    ended: new Promise(() => undefined),
    close: () => app.close(),
  };
}
