/**
 * @file A few threads that read films, so that a slow or hostile file never holds up the window: each job has a time
 * limit, a thread that overruns or dies is replaced, and what the viewer asks for goes before an import.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

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
  /** The thread's program; a bundled app gives its own. */
  readonly entry?: URL;
  /** Told where a defect of ours happened; no names in it. */
  readonly onFault?: (fault: string) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** JavaScript heap of a thread, MB; pixels live outside of it and have limits of their own. */
const HEAP_MB = 1024;
export const DECODE_THREAD = new URL('./decode-thread.ts', import.meta.url);

interface Job {
  readonly request: DecodeRequest;
  readonly resolve: (answer: DecodeAnswers[keyof DecodeAnswers]) => void;
  readonly reject: (failure: DecodeFailure) => void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | null;
  timer: NodeJS.Timeout | null;
}

/** Threads start with the first job. Leaves a core for the window on larger machines. */
export function createDecodePool(options: DecodePoolOptions = {}): DecodePool {
  const size = options.size ?? Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const entry = options.entry ?? DECODE_THREAD;
  const threads = new Set<Thread>();
  const urgent: Job[] = [];
  const patient: Job[] = [];
  let nextJob = 1;
  let closed = false;

  const settle = (thread: Thread, outcome: (job: Job) => void): void => {
    const { job } = thread;
    if (thread.timer !== null) clearTimeout(thread.timer);
    thread.timer = null;
    thread.job = null;
    if (job !== null) outcome(job);
  };

  const discard = (thread: Thread, failure: DecodeFailure): void => {
    threads.delete(thread);
    settle(thread, (job) => job.reject(failure));
    void thread.worker.terminate();
    pump();
  };

  const startThread = (): Thread => {
    const worker = new Worker(entry, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
    const thread: Thread = { worker, job: null, timer: null };
    worker.unref(); // an idle thread keeps no program alive; a waiting job's timer does
    worker.on('message', (reply: DecodeReply) => {
      if (thread.job?.request.job !== reply.job) return;
      if (!reply.ok && reply.fault !== undefined) options.onFault?.(reply.fault);
      settle(thread, (job) => {
        if (reply.ok) job.resolve(reply.answer);
        else job.reject(new DecodeFailure(reply.code, reply.message));
      });
      pump();
    });
    const stopped = (): void => {
      if (threads.has(thread)) discard(thread, readerStopped());
    };
    worker.on('error', stopped);
    worker.on('exit', stopped);
    threads.add(thread);
    return thread;
  };

  const pump = (): void => {
    while (!closed && urgent.length + patient.length > 0) {
      const thread =
        [...threads].find(({ job }) => job === null) ?? (threads.size < size ? startThread() : null);
      const job = thread === null ? undefined : (urgent.shift() ?? patient.shift());
      if (thread === null || job === undefined) return;
      thread.job = job;
      thread.timer = setTimeout(() => discard(thread, tooSlow(timeoutMs)), timeoutMs);
      thread.worker.postMessage(job.request);
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
        (task.kind === 'prepare' ? patient : urgent).push(job);
        pump();
      });
    },
    async close() {
      closed = true;
      const failure = new DecodeFailure('CLOSED', 'The library is being closed.');
      for (const job of [...urgent.splice(0), ...patient.splice(0)]) job.reject(failure);
      const ending = [...threads];
      threads.clear();
      for (const thread of ending) settle(thread, (job) => job.reject(failure));
      await Promise.all(ending.map(({ worker }) => worker.terminate()));
    },
  };
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
