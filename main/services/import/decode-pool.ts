/**
 * @file A few processes that read films, so that a slow or hostile file holds up nothing and takes nothing along: each job has a
 * time limit, each process a memory limit; one that overruns or dies is replaced. What the viewer shows goes first, the film asked
 * for last before those asked for before it, then tags, then an import.
 */
import { availableParallelism } from 'node:os';

import type { FilmErrorDetail } from '../../dicom/film-error.ts';
import type { LibraryAccess } from '../../files/vault.ts';
import type { WorkerHandle, WorkerHost } from '../service-types.ts';
import type { DecodeAnswers, DecodeReply, DecodeRequest, DecodeTask } from './decode-messages.ts';

/** A film could not be read. `code` as in main/dicom, or TIMEOUT, READER_STOPPED, CLOSED. */
export class DecodeFailure extends Error {
  readonly code: string;
  /** The numbers of a FilmError. */
  readonly detail: FilmErrorDetail;

  constructor(code: string, message: string, detail: FilmErrorDetail = {}) {
    super(message);
    this.name = 'DecodeFailure';
    this.code = code;
    this.detail = detail;
  }
}

export interface DecodePool {
  /** Films read at the same time, beside one that is looked at. */
  readonly size: number;
  /** @throws DecodeFailure */
  decode<Kind extends DecodeTask['kind']>(
    task: Extract<DecodeTask, { kind: Kind }>,
  ): Promise<DecodeAnswers[Kind]>;
  close(): Promise<void>;
}

export interface DecodePoolLimits {
  /** Default: half of the processors, at most 4. */
  readonly size?: number;
  readonly timeoutMs?: number;
  /** Resident memory of one process, bytes. */
  readonly maxBytes?: number;
}

export interface DecodePoolOptions extends DecodePoolLimits {
  readonly workerHost: WorkerHost;
  /** Goes to the processes with each film; null or absent = the library is plain. */
  readonly access?: LibraryAccess | null;
  /** Told where a defect of ours happened; no names in it. */
  readonly onFault?: (fault: string) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The largest film that is read (FILM_LIMITS) takes 1.4 GB. */
const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;

interface Job {
  readonly request: DecodeRequest;
  readonly resolve: (answer: DecodeAnswers[keyof DecodeAnswers]) => void;
  readonly reject: (failure: DecodeFailure) => void;
}

interface Reader {
  readonly worker: WorkerHandle;
  job: Job | null;
  timer: NodeJS.Timeout | null;
}

/** Processes start with the first job. Leaves a core for the window on larger machines. */
export function createDecodePool(options: DecodePoolOptions): DecodePool {
  const size = options.size ?? Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options;
  const readers = new Set<Reader>();
  const shown: Job[] = [];
  const soon: Job[] = [];
  const patient: Job[] = [];
  const queueOf: Readonly<Record<DecodeTask['kind'], Job[]>> = {
    view: shown,
    tags: soon,
    facts: soon,
    writing: soon,
    describe: soon,
    model: soon,
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
    reader.worker.kill();
    pump();
  };

  const start = (): Reader => {
    const worker = options.workerHost.start('decode');
    // An idle process keeps no program alive; a waiting job's timer does.
    worker.letGo();
    const reader: Reader = { worker, job: null, timer: null };
    worker.onMessage((raw) => {
      const reply = raw as DecodeReply;
      if (reader.job?.request.job !== reply.job) return;
      if (!reply.ok && reply.fault !== undefined) options.onFault?.(reply.fault);
      settle(reader, (job) => {
        if (reply.ok) job.resolve(reply.answer);
        else job.reject(new DecodeFailure(reply.code, reply.message, reply.detail));
      });
      pump();
    });
    worker.onExit(() => {
      if (readers.has(reader)) discard(reader, readerStopped());
    });
    readers.add(reader);
    return reader;
  };

  /** What may be begun now: beyond `size` there is one more process for what the viewer shows, which waits for no import. */
  const next = (): Job | undefined => {
    const busy = [...readers].flatMap(({ job }) => (job === null ? [] : [job]));
    const showing = busy.filter(({ request }) => queueOf[request.task.kind] === shown).length;
    if (shown.length > 0 && (busy.length < size || showing === 0)) return shown.pop();
    return busy.length - showing < size && busy.length <= size
      ? (soon.shift() ?? patient.shift())
      : undefined;
  };

  const pump = (): void => {
    while (!closed) {
      const job = next();
      if (job === undefined) return;
      const reader = [...readers].find((one) => one.job === null) ?? start();
      reader.job = job;
      reader.timer = setTimeout(() => discard(reader, tooSlow(timeoutMs)), timeoutMs);
      reader.worker.send(job.request);
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
        const request: DecodeRequest = { job: nextJob++, maxBytes, access: options.access ?? null, task };
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
      await Promise.all(ending.map(({ worker }) => end(worker)));
    },
  };
}

/** Resolves when the process, which was there until now, is gone. */
function end(worker: WorkerHandle): Promise<void> {
  return new Promise((resolve) => {
    worker.onExit(() => resolve());
    worker.kill();
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
