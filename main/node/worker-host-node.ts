/** @file Worker processes under plain Node: child_process.fork with structured clone, so typed arrays pass as they are. */
import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';

import type { WorkerHandle, WorkerHost } from '../services/service-types.ts';

/** What libtensorflow needs to see in the environment before it is loaded. */
export const WORKER_ENV: Readonly<Record<string, string>> = {
  TF_ENABLE_ONEDNN_OPTS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  OMP_WAIT_POLICY: 'passive',
};

/** Default entry files; a packed app names its built ones. */
export const WORKER_ENTRIES = {
  training: new URL('../worker/training.ts', import.meta.url),
  inference: new URL('../worker/inference.ts', import.meta.url),
} as const;

export function createNodeWorkerHost(
  entries: Readonly<Record<'training' | 'inference', URL>> = WORKER_ENTRIES,
): WorkerHost {
  return {
    start(kind, env = {}) {
      const child = fork(entries[kind], [], {
        serialization: 'advanced',
        env: { ...process.env, ...WORKER_ENV, ...env },
        execArgv: [],
        // Native libraries write to stdout; ours belongs to the command line.
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      // The window and the reader come first.
      if (kind === 'training' && child.pid !== undefined) lowerPriority(child.pid);
      return handleOf(child);
    },
  };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Gone already, or not allowed: training at normal priority is correct, only less polite.
  }
}

function handleOf(child: ReturnType<typeof fork>): WorkerHandle {
  let gone = false;
  child.once('exit', () => {
    gone = true;
  });
  return {
    pid: child.pid,
    send(message) {
      // A worker that has just died is reported through onExit, not here.
      if (!gone && child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      child.once('exit', listener);
      child.once('error', () => {
        if (child.pid === undefined) listener(null, 'not started');
      });
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
