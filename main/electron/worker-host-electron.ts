/**
 * @file Worker processes under Electron: `utilityProcess.fork`, whose messages are structured clones, so typed arrays pass as
 * they are. Takes `fork` by its shape; main.ts gives Electron's own.
 */
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { WORKER_ENTRIES, WORKER_ENV } from '../node/worker-host-node.ts';
import type { Log, WorkerHandle, WorkerHost } from '../services/service-types.ts';

/** What the host needs of Electron's UtilityProcess. */
export interface UtilityChild {
  /** Known from `spawn` to `exit`. */
  readonly pid: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  /** Messages sent before the process is up wait for it. */
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'spawn', listener: () => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export interface UtilityForkOptions {
  readonly env: Record<string, string | undefined>;
  readonly stdio: ('ignore' | 'pipe')[];
  readonly serviceName: string;
  readonly execArgv: string[];
}

export type ForkUtility = (modulePath: string, args: string[], options: UtilityForkOptions) => UtilityChild;

type Kind = Parameters<WorkerHost['start']>[0];

export interface ElectronWorkerOptions {
  readonly fork: ForkUtility;
  readonly log: Log;
  /** Default: main/worker, or what the build made of it. */
  readonly entries?: Readonly<Record<Kind, URL>>;
}

export function createElectronWorkerHost(options: ElectronWorkerOptions): WorkerHost {
  const { fork, log, entries = WORKER_ENTRIES } = options;
  return {
    start(kind, env = {}) {
      const child = fork(fileURLToPath(entries[kind]), [], {
        env: { ...process.env, ...WORKER_ENV, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        serviceName: `Chestlight ${kind}`,
        execArgv: [],
      });
      for (const stream of [child.stdout, child.stderr]) {
        if (stream !== null) logLines(stream, kind, log);
      }
      // The window and the reader come first.
      if (kind === 'training') child.once('spawn', () => lowerPriority(child.pid));
      return handleOf(child);
    },
  };
}

/** Native libraries write here; what they write about is memory and kernels, never films. */
function logLines(stream: NodeJS.ReadableStream, kind: Kind, log: Log): void {
  createInterface({ input: stream }).on('line', (line) => {
    log.info(`${kind} process`, { line: line.slice(0, 2000) });
  });
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Gone already, or not allowed: training at normal priority is correct, only less polite.
  }
}

function handleOf(child: UtilityChild): WorkerHandle {
  let gone = false;
  child.once('exit', () => {
    gone = true;
  });
  return {
    get pid() {
      return child.pid;
    },
    send(message) {
      // A worker that has just died is reported through onExit, not here.
      if (!gone) child.postMessage(message);
    },
    onMessage: (listener) => void child.on('message', listener),
    // Electron tells the code alone; a process ended by a signal has one that is not 0.
    onExit: (listener) => void child.once('exit', (code) => listener(code, null)),
    kill: () => endAtOnce(child),
  };
}

/** `kill` of a utility process asks with SIGTERM, which native code at work does not hear. */
function endAtOnce(child: UtilityChild): void {
  const { pid } = child;
  try {
    if (pid === undefined) child.kill();
    else process.kill(pid, 'SIGKILL');
  } catch {
    // Ended between the question and the signal, which is what was wanted.
  }
}
