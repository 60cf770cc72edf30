/**
 * @file Makes the inputs of the next step in threads of their own, so that the step does not wait for them: changing and enlarging
 * a film and decoding what a teacher says of it take milliseconds, and the native library keeps the main thread for as long as it
 * computes. What is made depends on what is asked alone, never on how many threads there are.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { FilmSet } from './film-set.ts';
import type { InputFailure, InputReply, InputRequest, Inputs, InputThreadData } from './input-thread.ts';
import type { KnowledgeSource } from './knowledge-reader.ts';
import type { InputView } from './model-input.ts';

/** The engine computes on all cores; a thread for every so many of them keeps up with it. */
const CORES_A_THREAD = 4;
const MAX_THREADS = 4;

function threadsFor(cores: number): number {
  return Math.max(1, Math.min(MAX_THREADS, Math.floor(cores / CORES_A_THREAD)));
}

interface Waiting {
  readonly resolve: (made: Inputs) => void;
  readonly reject: (error: Error) => void;
}

/** What models get of films of a set. */
export interface FilmInputs {
  /** As `FilmSet.images` with the input that a model takes. */
  images(indices: Uint32Array, view: number | null): Promise<Float32Array<ArrayBuffer>>;
}

interface FeedThread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

function errorOf({ message, code, service }: InputFailure): Error {
  if (service !== null) return new ServiceError(service.code, message, service.detail);
  return Object.assign(new Error(message), code === null ? {} : { code });
}

export interface FeedOptions {
  /** What a teacher says of the films; null = no teacher. */
  readonly knowledge?: KnowledgeSource | null;
  /** Absent = by the machine's cores. */
  readonly threads?: number;
}

export class InputFeed implements FilmInputs {
  readonly #threads: readonly FeedThread[];
  #next = 0;
  /** Why nothing more comes. */
  #ended: Error | null = null;

  constructor(
    { pixels, size }: Pick<FilmSet, 'pixels' | 'size'>,
    input: InputView,
    { knowledge = null, threads = threadsFor(availableParallelism()) }: FeedOptions = {},
  ) {
    const workerData: InputThreadData = { pixels, size, input, knowledge };
    this.#threads = Array.from({ length: threads }, () => this.#begin(workerData));
  }

  #begin(workerData: InputThreadData): FeedThread {
    const worker = new Worker(new URL('./input-thread.ts', import.meta.url), { workerData });
    const waiting = new Map<number, Waiting>();
    worker.on('message', ({ id, made, failure }: InputReply) => {
      if (made !== null) waiting.get(id)?.resolve(made);
      else if (failure !== null) waiting.get(id)?.reject(errorOf(failure));
      waiting.delete(id);
    });
    worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => this.#end(new Error('The thread that makes inputs has ended.')));
    worker.unref(); // a run that is over does not wait for it
    return { worker, waiting };
  }

  async images(indices: Uint32Array, view: number | null): Promise<Float32Array<ArrayBuffer>> {
    return (await this.#ask(indices, view, false)).images;
  }

  /** Films and what the teacher says of them. @throws what reading throws; Error when the thread has ended */
  batch(indices: Uint32Array, view: number | null): Promise<Inputs> {
    return this.#ask(indices, view, true);
  }

  #ask(indices: Uint32Array, view: number | null, taught: boolean): Promise<Inputs> {
    const thread = this.#threads.reduce((least, one) =>
      one.waiting.size < least.waiting.size ? one : least,
    );
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const { worker, waiting } = thread;
    const id = this.#next;
    this.#next += 1;
    const made = new Promise<Inputs>((resolve, reject) => waiting.set(id, { resolve, reject }));
    // A view is sent with all of what it is a view of.
    const request: InputRequest = { id, indices: indices.slice(), view, taught };
    worker.postMessage(request);
    worker.ref();
    return made.finally(() => {
      if (waiting.size === 0) worker.unref();
    });
  }

  dispose(): void {
    for (const { worker } of this.#threads) void worker.terminate();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { waiting } of this.#threads) {
      for (const { reject } of waiting.values()) reject(this.#ended);
      waiting.clear();
    }
  }
}
