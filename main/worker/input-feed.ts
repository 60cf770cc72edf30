/**
 * @file Makes the inputs of the next step in a thread of its own, so that the step does not wait for them: changing and enlarging
 * a film takes milliseconds, and the native library keeps the main thread for as long as it computes.
 */
import { Worker } from 'node:worker_threads';

import type { FilmSet } from './film-set.ts';
import type { InputReply, InputRequest, InputThreadData } from './input-thread.ts';
import type { InputView } from './model-input.ts';

interface Waiting {
  readonly resolve: (images: Float32Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
}

/** What models get of films of a set. */
export interface FilmInputs {
  /** As `FilmSet.images` with the input that a model takes. */
  images(indices: Uint32Array, view: number | null): Promise<Float32Array<ArrayBuffer>>;
}

export class InputFeed implements FilmInputs {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  /** Why nothing more comes. */
  #ended: Error | null = null;

  constructor({ pixels, size }: Pick<FilmSet, 'pixels' | 'size'>, input: InputView) {
    const workerData: InputThreadData = { pixels, size, input };
    this.#thread = new Worker(new URL('./input-thread.ts', import.meta.url), { workerData });
    this.#thread.on('message', ({ id, images }: InputReply) => {
      this.#waiting.get(id)?.resolve(images);
      this.#waiting.delete(id);
    });
    this.#thread.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#thread.on('exit', () => this.#end(new Error('The thread that makes inputs has ended.')));
    this.#thread.unref(); // a run that is over does not wait for it
  }

  /** `FilmSet.images`, made elsewhere. @throws Error when the thread has ended */
  images(indices: Uint32Array, view: number | null): Promise<Float32Array<ArrayBuffer>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next;
    this.#next += 1;
    const made = new Promise<Float32Array<ArrayBuffer>>((resolve, reject) =>
      this.#waiting.set(id, { resolve, reject }),
    );
    const request: InputRequest = { id, indices, view };
    this.#thread.postMessage(request);
    this.#thread.ref();
    return made.finally(() => {
      if (this.#waiting.size === 0) this.#thread.unref();
    });
  }

  dispose(): void {
    void this.#thread.terminate();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
