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
 * tensors are gone by then. It can be asked for once. With `recompute` only the inputs are kept and the formula is computed
 * again for its gradient: less memory for more work, the same values (Chen et al. 2016).
 */
export function differentiable<Saved extends Readonly<Record<string, tf.Tensor>>>(
  inputs: readonly tf.Tensor[],
  formula: (...inputs: tf.Tensor[]) => Formula<Saved>,
  recompute = false,
): tf.Tensor {
  const recording = tf.engine().state.gradientDepth > 0;
  if (recompute && recording) return recomputed(inputs, formula);
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

/** `differentiable`, computed again for the gradient. The first input has rows, [R, D], as the value has. */
function recomputed<Saved extends Readonly<Record<string, tf.Tensor>>>(
  inputs: readonly tf.Tensor[],
  formula: (...inputs: tf.Tensor[]) => Formula<Saved>,
): tf.Tensor {
  const run = tf.customGrad((...all: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const given = all.slice(0, -1) as tf.Tensor[];
    const save = all.at(-1) as tf.GradSaveFunc;
    const { value } = formula(...given);
    save(given);
    return {
      value,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => {
        const gradients = tf.tidy(() => {
          const [x, ...others] = kept as [tf.Tensor, ...tf.Tensor[]];
          const again = formula(behind(x, dy), ...others);
          return [...again.gradient(dy, again.saved())];
        });
        tf.dispose(kept);
        return gradients;
      },
    };
  });
  return run(...inputs);
}

/**
 * x [R, D], known only once `dy` [R, E] is. In a graph, a second computation of the same from x itself would be found to be the
 * same as the first, and be kept from then on, which is what it is there to avoid.
 */
function behind(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const width = x.shape[1] ?? 0;
  const mark = tf.reshape(tf.slice(dy, [0, 0], [1, width]), [1, width]);
  return tf.slice(tf.concat([x, mark]), [0, 0], x.shape);
}

/**
 * Parameters [D], known only once `dy` [R, E] is: what is made of them for a gradient is made then, and not at the time of the
 * value, as a graph otherwise might.
 */
export function lateVector(vector: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const mark = tf.reshape(tf.slice(dy, [0, 0], [1, 1]), [1]);
  return tf.slice(tf.concat([vector, mark]), [0], vector.shape);
}

/** `list[index]`, known to be there. */
export function at(list: readonly tf.Tensor[], index: number): tf.Tensor {
  const found = list[index];
  if (found === undefined) throw new Error(`tensor ${index} of ${list.length} is missing`);
  return found;
}
