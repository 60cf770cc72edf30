/** @file A formula with a hand-written gradient as one differentiable op; its intermediates are freed at once. */
import * as tf from '@tensorflow/tfjs-core';

/** Value of a formula, what its gradient needs, and the gradient. */
export interface Formula {
  readonly value: tf.Tensor;
  /** Handed to `gradient`; everything else made on the way is disposed as soon as the value is known. */
  readonly saved: readonly tf.Tensor[];
  /** Gradients of the inputs, in their order, from the gradient of the value. */
  readonly gradient: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => readonly tf.Tensor[];
}

/**
 * Runs `formula` on `inputs` as one op of the gradient tape. The gradient may use only `dy` and `saved`: other
 * tensors are gone by then.
 */
export function differentiable(
  inputs: readonly tf.Tensor[],
  formula: (...inputs: tf.Tensor[]) => Formula,
): tf.Tensor {
  const run = tf.customGrad((...all: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = all.at(-1) as tf.GradSaveFunc;
    const { value, saved, gradient } = formula(...(all.slice(0, -1) as tf.Tensor[]));
    save([...saved]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.tidy(() => [...gradient(dy, kept)]),
    };
  });
  return run(...inputs);
}

/** `list[index]`, known to be there. */
export function at(list: readonly tf.Tensor[], index: number): tf.Tensor {
  const found = list[index];
  if (found === undefined) throw new Error(`tensor ${index} of ${list.length} is missing`);
  return found;
}
