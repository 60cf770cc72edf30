/**
 * @file Worker processes under Electron: `utilityProcess.fork`, whose messages are structured clones, so typed arrays pass as
 * they are. It needs no fuse that makes Electron's binary a Node. Takes `fork` by its shape; main.ts gives Electron's own.
 */
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import { followLastWords } from '../node/last-words.ts';
import {
  envOf,
  lowerPriority,
  POLITE,
  V8_FLAGS,
  WORKER_ENTRIES,
  type WorkerEntries,
} from '../node/worker-host-node.ts';
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
  on(event: 'error', listener: () => void): unknown;
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

export interface ElectronWorkerOptions {
  readonly fork: ForkUtility;
  readonly log: Log;
  /** Instead of main/worker, or of what the build made of it. */
  readonly entries?: Partial<WorkerEntries>;
}

export function createElectronWorkerHost(options: ElectronWorkerOptions): WorkerHost {
  const { fork, log, entries = {} } = options;
  return {
    start(kind, env = {}) {
      // What readers of films write may name a film: it is not kept.
      const output = kind === 'decode' ? 'ignore' : 'pipe';
      const child = fork(fileURLToPath(entries[kind] ?? WORKER_ENTRIES[kind]), [], {
        env: { ...process.env, ...envOf(kind), ...env },
        stdio: ['ignore', output, output],
        serviceName: `Chestlight ${kind}`,
        execArgv: [...V8_FLAGS[kind]],
      });
      // Native libraries write here; what they write about is memory and kernels, never films.
      const toLog = (line: string): void => log.info(`${kind} process`, { line });
      followLastWords(child.stdout, toLog);
      const lastWords = followLastWords(child.stderr, toLog);
      if (POLITE.has(kind)) child.once('spawn', () => lowerPriority(child.pid));
      return handleOf(child, lastWords);
    },
  };
}

/** How long after its end the last words of a process are waited for, ms. */
const LAST_WORDS_MS = 500;

function handleOf(child: UtilityChild, lastWords: () => string): WorkerHandle {
  let gone = false;
  // Of a fatal error of V8, before the exit that tells the rest; nobody to hear it would end the app.
  child.on('error', () => undefined);
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
    onExit: (listener) => {
      child.once('exit', (code) => {
        // Electron tells the code alone; a process ended by a signal has one that is not 0.
        const tell = (): void => listener(code, null);
        if (child.stderr === null) return tell();
        const signal = AbortSignal.timeout(LAST_WORDS_MS);
        finished(child.stderr, { signal }).then(tell, tell);
      });
    },
    lastWords,
    // Electron goes when its app does, and takes its processes along.
    letGo: () => undefined,
    kill: () => endAtOnce(child, () => gone),
  };
}

/** `kill` of a utility process asks with SIGTERM, which native code at work does not hear. */
function endAtOnce(child: UtilityChild, isGone: () => boolean): void {
  if (isGone()) return;
  const { pid } = child;
  if (pid === undefined) {
    child.once('spawn', () => endAtOnce(child, isGone));
    return;
  }
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended between the question and the signal, which is what was wanted.
  }
}
