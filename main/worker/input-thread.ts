/**
 * @file The program of a thread that makes a model's inputs (see input-feed.ts) while the step before is computed, and reads what a
 * teacher says of them.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { errorCode } from '../../shared/domain/disk-error.ts';
import { ServiceError, type ErrorDetail } from '../../shared/domain/service-error.ts';
import type { TeacherArrays } from '../numeric/train/micro-batch.ts';
import { knowledgeReader, type KnowledgeSource } from './knowledge-reader.ts';
import { modelInputs, type InputView } from './model-input.ts';

export interface InputThreadData {
  /** Films of `size` × `size` grey bytes one after another; the memory is shared. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly size: number;
  readonly input: InputView;
  readonly knowledge: KnowledgeSource | null;
}

export interface InputRequest {
  readonly id: number;
  readonly indices: Uint32Array;
  readonly view: number | null;
  /** What the teacher says of them too, where there is one. */
  readonly taught: boolean;
}

export interface Inputs {
  readonly images: Float32Array<ArrayBuffer>;
  /** Null where none was asked for or there is none. */
  readonly teacher: TeacherArrays | null;
}

/** An error keeps neither class nor code on its way out of a thread. */
export interface InputFailure {
  readonly message: string;
  /** Of the system. */
  readonly code: string | null;
  /** Of a ServiceError. */
  readonly service: { readonly code: ServiceError['code']; readonly detail: ErrorDetail } | null;
}

export interface InputReply {
  readonly id: number;
  readonly made: Inputs | null;
  readonly failure: InputFailure | null;
}

const { pixels, size, input, knowledge } = workerData as InputThreadData;
const read = knowledge === null ? null : knowledgeReader(knowledge);

async function make({ indices, view, taught }: InputRequest): Promise<Inputs> {
  const reading = taught && read !== null ? read(indices, view ?? 0) : Promise.resolve(null);
  reading.catch(() => undefined); // met below; what is made first may fail before
  const images = modelInputs(pixels, size, indices, input, view);
  return { images, teacher: await reading };
}

function failureOf(error: unknown): InputFailure {
  const message = error instanceof Error ? error.message : String(error);
  const service = error instanceof ServiceError ? { code: error.code, detail: error.detail } : null;
  return { message, code: errorCode(error), service };
}

async function answer(request: InputRequest): Promise<void> {
  const { id } = request;
  let reply: InputReply;
  try {
    reply = { id, made: await make(request), failure: null };
  } catch (error) {
    reply = { id, made: null, failure: failureOf(error) };
  }
  const { images, teacher } = reply.made ?? {};
  const moved = [images, teacher?.t1, teacher?.t2, teacher?.feature].flatMap((values) =>
    values ? [values.buffer as ArrayBuffer] : [],
  );
  parentPort?.postMessage(reply, moved);
}

parentPort?.on('message', (request: InputRequest) => void answer(request));
