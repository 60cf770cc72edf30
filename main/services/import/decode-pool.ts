/**
 * @file A few processes that read films, so that a slow or hostile file holds up nothing and takes nothing along: each job has a
 * time limit, each process a memory limit; one that overruns or dies is replaced. What the viewer shows goes first, the film asked
 * for last before those asked for before it, then tags, then an import.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import type { DecodeAnswers, DecodeReply, DecodeRequest, DecodeTask } from './decode-messages.ts';

/** A film could not be read. `code` as in main/dicom, or TIMEOUT, READER_STOPPED, CLOSED. */
export class DecodeFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'DecodeFailure';
    this.code = code;
  }
}

export interface DecodePool {
  /** Films read at the same time. */
  readonly size: number;
  /** @throws DecodeFailure */
  decode<Kind extends DecodeTask['kind']>(
    task: Extract<DecodeTask, { kind: Kind }>,
  ): Promise<DecodeAnswers[Kind]>;
  close(): Promise<void>;
}

export interface DecodePoolOptions {
  readonly size?: number;
  readonly timeoutMs?: number;
  /** Resident memory of one process, bytes. */
  readonly maxBytes?: number;
  /** The program of the processes. */
  readonly entry?: URL;
  /** Told where a defect of ours happened; no names in it. */
  readonly onFault?: (fault: string) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The largest film that is read (FILM_LIMITS) takes 1.4 GB. */
const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;
export const DECODE_PROCESS = new URL('./decode-process.ts', import.meta.url);

/** What a decoder needs: to read files, its native library, one thread. It may not write, and starts nothing. */
const CONFINED = [
  '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--allow-worker',
  '--disable-warning=SecurityWarning',
];

interface Job {
  readonly request: DecodeRequest;
  readonly resolve: (answer: DecodeAnswers[keyof DecodeAnswers]) => void;
  readonly reject: (failure: DecodeFailure) => void;
}

interface Reader {
  readonly child: ChildProcess;
  job: Job | null;
  timer: NodeJS.Timeout | null;
}

function startReader(entry: URL, maxBytes: number): ChildProcess {
  const child = fork(fileURLToPath(entry), [String(maxBytes)], {
    serialization: 'advanced',
    // Electron's own binary does not know the flags.
    execArgv: process.versions.electron === undefined ? CONFINED : [],
    env: { ...process.env, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // An idle process keeps no program alive; a waiting job's timer does.
  child.unref();
  child.channel?.unref();
  return child;
}

/** Processes start with the first job. Leaves a core for the window on larger machines. */
export function createDecodePool(options: DecodePoolOptions = {}): DecodePool {
  const size = options.size ?? Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, entry = DECODE_PROCESS } = options;
  const readers = new Set<Reader>();
  const shown: Job[] = [];
  const soon: Job[] = [];
  const patient: Job[] = [];
  const queueOf: Readonly<Record<DecodeTask['kind'], Job[]>> = {
    view: shown,
    tags: soon,
    writing: soon,
    deidentify: soon,
    prepare: patient,
  };
  let nextJob = 1;
  let closed = false;

  const settle = (reader: Reader, outcome: (job: Job) => void): void => {
    const { job } = reader;
    if (reader.timer !== null) clearTimeout(reader.timer);
    reader.timer = null;
    reader.job = null;
    if (job !== null) outcome(job);
  };

  const discard = (reader: Reader, failure: DecodeFailure): void => {
    readers.delete(reader);
    settle(reader, (job) => job.reject(failure));
    reader.child.kill('SIGKILL');
    pump();
  };

  const start = (): Reader => {
    const child = startReader(entry, maxBytes);
    const reader: Reader = { child, job: null, timer: null };
    child.on('message', (reply: DecodeReply) => {
      if (reader.job?.request.job !== reply.job) return;
      if (!reply.ok && reply.fault !== undefined) options.onFault?.(reply.fault);
      settle(reader, (job) => {
        if (reply.ok) job.resolve(reply.answer);
        else job.reject(new DecodeFailure(reply.code, reply.message));
      });
      pump();
    });
    const stopped = (): void => {
      if (readers.has(reader)) discard(reader, readerStopped());
    };
    child.on('error', stopped);
    child.on('exit', stopped);
    readers.add(reader);
    return reader;
  };

  const pump = (): void => {
    while (!closed && shown.length + soon.length + patient.length > 0) {
      const reader = [...readers].find(({ job }) => job === null) ?? (readers.size < size ? start() : null);
      const job = reader === null ? undefined : (shown.pop() ?? soon.shift() ?? patient.shift());
      if (reader === null || job === undefined) return;
      reader.job = job;
      reader.timer = setTimeout(() => discard(reader, tooSlow(timeoutMs)), timeoutMs);
      reader.child.send(job.request, (error) => {
        if (error !== null && readers.has(reader)) discard(reader, readerStopped());
      });
    }
  };

  return {
    size,
    decode<Kind extends DecodeTask['kind']>(task: Extract<DecodeTask, { kind: Kind }>) {
      return new Promise<DecodeAnswers[Kind]>((resolve, reject) => {
        if (closed) {
          reject(new DecodeFailure('CLOSED', 'The library is being closed.'));
          return;
        }
        const request: DecodeRequest = { job: nextJob++, task };
        const job: Job = { request, resolve: (answer) => resolve(answer as DecodeAnswers[Kind]), reject };
        queueOf[task.kind].push(job);
        pump();
      });
    },
    async close() {
      closed = true;
      const failure = new DecodeFailure('CLOSED', 'The library is being closed.');
      for (const job of [...shown.splice(0), ...soon.splice(0), ...patient.splice(0)]) job.reject(failure);
      const ending = [...readers];
      readers.clear();
      for (const reader of ending) settle(reader, (job) => job.reject(failure));
      await Promise.all(ending.map(({ child }) => end(child)));
    },
  };
}

/** Resolves when the process is gone. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
    return Promise.resolve();
  return new Promise((resolve) => {
    child.ref();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function tooSlow(timeoutMs: number): DecodeFailure {
  return new DecodeFailure(
    'TIMEOUT',
    `Reading the file took longer than ${Math.round(timeoutMs / 1000)} seconds and was stopped; it is probably damaged.`,
  );
}

function readerStopped(): DecodeFailure {
  return new DecodeFailure(
    'READER_STOPPED',
    'Reading the file ended the reader; it is damaged or needs too much memory.',
  );
}
