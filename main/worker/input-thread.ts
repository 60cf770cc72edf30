/** @file The program of the thread that makes a model's inputs (see input-feed.ts) while the step before is computed. */
import { parentPort, workerData } from 'node:worker_threads';

import { modelInputs, type InputView } from './model-input.ts';

export interface InputThreadData {
  /** Films of `size` × `size` grey bytes one after another; the memory is shared. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly size: number;
  readonly input: InputView;
}

export interface InputRequest {
  readonly id: number;
  readonly indices: Uint32Array;
  readonly view: number | null;
}

export interface InputReply {
  readonly id: number;
  readonly images: Float32Array<ArrayBuffer>;
}

const { pixels, size, input } = workerData as InputThreadData;

parentPort?.on('message', ({ id, indices, view }: InputRequest) => {
  const images = modelInputs(pixels, size, indices, input, view);
  const reply: InputReply = { id, images };
  parentPort?.postMessage(reply, [images.buffer]);
});
