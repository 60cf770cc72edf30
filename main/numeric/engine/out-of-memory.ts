/** @file Tells when the memory of the device was too small for a piece of work, from whatever else can fail. */
import * as tf from '@tensorflow/tfjs-core';

import { ServiceError } from '../../../shared/domain/service-error.ts';

/** TensorFlow's RESOURCE_EXHAUSTED (status 8), and what CUDA says of itself. */
const SIGNS = /OOM when allocating|RESOURCE_EXHAUSTED|Invalid TF_Status: 8\b|CUDA_ERROR_OUT_OF_MEMORY/;

/** The device has too little memory for this; nothing that was there before has changed. */
export class OutOfMemoryError extends Error {
  /** `cause` has the library's own words. */
  constructor(cause: unknown) {
    super('The device has too little memory for this step.', { cause });
    this.name = 'OutOfMemoryError';
  }
}

const isOutOfMemory = (error: unknown): error is Error => error instanceof Error && SIGNS.test(error.message);

/** For what catches every failure of `work` to compute it another way: want of memory is no such failure. @throws OutOfMemoryError */
export function throwIfOutOfMemory(error: unknown): void {
  if (error instanceof OutOfMemoryError) throw error;
  if (!isOutOfMemory(error)) return;
  dropTape();
  throw new OutOfMemoryError(error);
}

/** Runs `work`, which changes nothing before it is done. @throws OutOfMemoryError in place of the library's own error */
export function withMemory<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throwIfOutOfMemory(error);
    throw error;
  }
}

/**
 * Runs `work`, which changes weights one after another: where memory ends in the middle of it they are neither the old ones nor the
 * new ones. @throws ServiceError OUT_OF_MEMORY in place of the library's own error
 */
export function withMemoryToUpdate<T>(work: () => T): T {
  try {
    return withMemory(work);
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    throw new ServiceError(
      'OUT_OF_MEMORY',
      'The memory ran out while the weights were changed. Everything up to the last checkpoint is kept.',
      { lessWouldDo: true },
    );
  }
}

/** tfjs keeps what a gradient would have needed, for a gradient that is not computed any more. */
function dropTape(): void {
  const { state } = tf.engine();
  for (const { saved } of state.activeTape ?? []) {
    for (const tensor of saved ?? []) if (!tensor.isDisposed) tensor.dispose();
  }
  state.activeTape = [];
}
