/** @file Worker processes under plain Node: child_process.fork with structured clone, so typed arrays pass as they are. */
import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';

import type { WorkerHandle, WorkerHost, WorkerKind } from '../services/service-types.ts';
import { followLastWords } from './last-words.ts';

/** What libtensorflow needs to see in the environment before it is loaded. */
export const WORKER_ENV: Readonly<Record<string, string>> = {
  TF_ENABLE_ONEDNN_OPTS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
  OMP_WAIT_POLICY: 'passive',
  // What runs here is ours alone: options of whoever started the app would loosen or break it.
  NODE_OPTIONS: '',
};

/**
 * What is young in a worker's own heap is small: its films and weights are in arrays outside of it. Node's default would grow to
 * 48 MB of it for nothing.
 */
const WORKER_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** Pixels lie outside of the heap; headers and tables of the largest film fit well within. In MB. */
const DECODE_HEAP = '--max-old-space-size=1024';

/** What a decoder needs: to read files, its native library, one thread. It may not write, and starts nothing. Node alone knows these. */
const CONFINED: readonly string[] = [
  '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--allow-worker',
  '--disable-warning=SecurityWarning',
];

/** Flags for V8, which every host passes on. */
export const V8_FLAGS: Readonly<Record<WorkerKind, readonly string[]>> = {
  training: WORKER_FLAGS,
  inference: WORKER_FLAGS,
  decode: [DECODE_HEAP],
  measure: WORKER_FLAGS,
  probe: [],
};

/** A reader of foreign files needs nothing of the library's. */
export const envOf = (kind: WorkerKind): Readonly<Record<string, string>> =>
  kind === 'decode' ? { NODE_OPTIONS: '' } : WORKER_ENV;

export type WorkerEntries = Readonly<Record<WorkerKind, URL>>;

/** Default entry files; a packed app names its built ones. */
export const WORKER_ENTRIES: WorkerEntries = {
  training: new URL('../worker/training.ts', import.meta.url),
  inference: new URL('../worker/inference.ts', import.meta.url),
  decode: new URL('../services/import/decode-process.ts', import.meta.url),
  measure: new URL('../worker/bench.ts', import.meta.url),
  probe: new URL('../worker/probe.ts', import.meta.url),
};

/** Last words are kept of the kinds whose failure is told in a sentence; what others write to standard error is passed on. */
const KEPT: ReadonlySet<WorkerKind> = new Set(['measure', 'probe']);

/** What works for minutes at a time: the window and the reader come first. */
export const POLITE: ReadonlySet<WorkerKind> = new Set(['training', 'measure']);

/** @param entries instead of the default ones */
export function createNodeWorkerHost(entries: Partial<WorkerEntries> = {}): WorkerHost {
  return {
    start(kind, env = {}) {
      const child = fork(entries[kind] ?? WORKER_ENTRIES[kind], [], {
        serialization: 'advanced',
        env: { ...process.env, ...envOf(kind), ...env },
        execArgv: [...V8_FLAGS[kind], ...(kind === 'decode' ? CONFINED : [])],
        // Native libraries write to stdout; ours belongs to the command line.
        stdio: ['ignore', 'ignore', KEPT.has(kind) ? 'pipe' : 'inherit', 'ipc'],
      });
      if (POLITE.has(kind)) lowerPriority(child.pid);
      return handleOf(child);
    },
  };
}

/** Has the process make way for others. */
export function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Gone already, or not allowed: work at normal priority is correct, only less polite.
  }
}

function handleOf(child: ReturnType<typeof fork>): WorkerHandle {
  let gone = false;
  child.once('exit', () => {
    gone = true;
  });
  const lastWords = followLastWords(child.stderr);
  // Where last words are kept, the end is told when they are read.
  const end = child.stderr === null ? 'exit' : 'close';
  return {
    pid: child.pid,
    send(message) {
      // A worker that has just died is reported through onExit, not here.
      if (!gone && child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      child.once(end, listener);
      child.once('error', () => {
        if (child.pid === undefined) listener(null, 'not started');
      });
    },
    lastWords,
    letGo() {
      child.unref();
      child.channel?.unref();
    },
    kill() {
      child.ref(); // its end is waited for
      child.kill('SIGKILL');
    },
  };
}
