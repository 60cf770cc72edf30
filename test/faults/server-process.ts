/** @file The app's real server as a child that a test talks to as a window does, and kills or asks to end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

import { connectLoopback, type LoopbackClient } from '../../main/node/loopback-client.ts';

const ENTRY = fileURLToPath(new URL('../../main/node/server-main.ts', import.meta.url));

export interface RunningServer {
  readonly child: ChildProcess;
  readonly client: LoopbackClient['client'];
  /** Sends the signal and waits until the process is gone. @returns its exit code, null when the signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** The same for every process that it has started, as a closed terminal does; only with `ownGroup`. */
  endGroup(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the server on a library and opens a session. @throws Error when it ends before it tells its address */
export async function startServer(
  libraryDir: string,
  { ownGroup = false }: { readonly ownGroup?: boolean } = {},
): Promise<RunningServer> {
  const child = spawn(process.execPath, [ENTRY, '--library', libraryDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: ownGroup,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    url = (JSON.parse(line) as { readonly url: string }).url;
    break;
  }
  if (url === '') throw new Error('the server gave no address');
  const window = await connectLoopback(url);
  const gone = async (): Promise<number | null> => {
    const [code] = await exited;
    window.close();
    return code;
  };
  return {
    child,
    client: window.client,
    async end(signal) {
      child.kill(signal);
      return await gone();
    },
    async endGroup(signal) {
      if (!ownGroup || child.pid === undefined) throw new Error('the server has no group of its own');
      process.kill(-child.pid, signal);
      return await gone();
    },
  };
}
