/** @file A formula with a hand-written gradient as one differentiable op; its intermediates are freed at once. */
import * as tf from '@tensorflow/tfjs-core';

/** Value of a formula, what its gradient needs, and the gradient. */
export interface Formula<Saved extends Readonly<Record<string, tf.Tensor>>> {
  readonly value: tf.Tensor;
  /**
   * Called only where a gradient will be asked for, and handed to `gradient`; everything else made on the way is disposed
   * as soon as the value is known.
   */
  readonly saved: () => Saved;
  /** Gradients of the inputs, in their order, from the gradient of the value. */
  readonly gradient: (dy: tf.Tensor, saved: Saved) => readonly tf.Tensor[];
}

/**
 * Runs `formula` on `inputs` as one op of the gradient tape. The gradient may use only `dy` and `saved`: other
 * tensors are gone by then. It can be asked for once.
 */
export function differentiable<Saved extends Readonly<Record<string, tf.Tensor>>>(
  inputs: readonly tf.Tensor[],
  formula: (...inputs: tf.Tensor[]) => Formula<Saved>,
): tf.Tensor {
  const recording = tf.engine().state.gradientDepth > 0;
  const run = tf.customGrad((...all: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = all.at(-1) as tf.GradSaveFunc;
    const { value, saved, gradient } = formula(...(all.slice(0, -1) as tf.Tensor[]));
    const entries = recording ? Object.entries(saved()) : [];
    save(entries.map(([, tensor]) => tensor));
    return {
      value,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => {
        const named = Object.fromEntries(entries.map(([name], index) => [name, at(kept, index)])) as Saved;
        const gradients = tf.tidy(() => [...gradient(dy, named)]);
        // The tape would hold them until the whole gradient is known: block by block they make room for the next.
        tf.dispose(kept);
        return gradients;
      },
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
