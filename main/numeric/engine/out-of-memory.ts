/** @file Tells when the memory of the device was too small for a piece of work, from whatever else can fail. */
import * as tf from '@tensorflow/tfjs-core';

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

/** Runs `work`, which changes nothing before it is done. @throws OutOfMemoryError in place of the library's own error */
export function withMemory<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error) || !SIGNS.test(error.message)) throw error;
    dropTape();
    throw new OutOfMemoryError(error);
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
