/** @file Loss terms of the method: masked BCE for both tasks, logit and feature distillation. All return scalars. */
import * as tf from '@tensorflow/tfjs-core';

/** log(1 + e^−|z|), stable for any logit. */
function softTail(logits: tf.Tensor): tf.Tensor {
  return tf.log1p(tf.exp(tf.neg(tf.abs(logits))));
}

/** Element-wise BCE with logits, stable for any logit: max(z, 0) − z·y + log(1 + e^−|z|). */
function binaryCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return tf.add(tf.sub(tf.relu(logits), tf.mul(logits, labels)), softTail(logits));
}

/**
 * The same with a weight on the positive part, as PyTorch's `pos_weight`: with w = 1 + (p − 1)·y it is
 * (1 − y)·z + w · (log(1 + e^−|z|) + max(−z, 0)).
 */
function weightedCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, positive: tf.Tensor): tf.Tensor {
  const weight = tf.add(tf.mul(tf.sub(positive, 1), labels), 1);
  const tail = tf.add(softTail(logits), tf.relu(tf.neg(logits)));
  return tf.add(tf.mul(tf.sub(1, labels), logits), tf.mul(weight, tail));
}

/**
 * BCE of T1. Unknown labels (mask 0) give nothing.
 * @param logits [B, K] @param labels [B, K] in 0..1 @param mask [B, K] 0/1
 * @param known scalar: known labels of the whole effective batch (at least 1); the sum is divided by it.
 * @param positiveWeights [K], or null for none.
 */
export function bceT1(
  logits: tf.Tensor2D,
  labels: tf.Tensor2D,
  mask: tf.Tensor2D,
  known: tf.Scalar,
  positiveWeights: tf.Tensor1D | null = null,
): tf.Scalar {
  const each =
    positiveWeights === null
      ? binaryCrossEntropy(logits, labels)
      : weightedCrossEntropy(logits, labels, positiveWeights);
  return tf.div(tf.sum(tf.mul(each, mask)), known);
}

/**
 * BCE of T2 on one-hot [normal, abnormal] (2 units, mean over units) or on abnormal alone (1 unit).
 * @param logits [B, U] @param abnormal [B] in 0..1 @param mask [B]
 * @param known scalar: known T2 labels of the whole effective batch (at least 1).
 */
export function bceT2(
  logits: tf.Tensor2D,
  abnormal: tf.Tensor1D,
  mask: tf.Tensor1D,
  known: tf.Scalar,
): tf.Scalar {
  const units = logits.shape[1];
  const target = tf.reshape(abnormal, [-1, 1]);
  const labels = units === 2 ? tf.concat([tf.sub(1, target), target], 1) : target;
  const sum = tf.sum(tf.mul(binaryCrossEntropy(logits, labels), tf.reshape(mask, [-1, 1])));
  return tf.div(tf.div(sum, units), known);
}

/** Mean over elements of (teacher − student)², Eq. 2 of the paper; any shape. */
export function meanSquaredError(teacher: tf.Tensor, student: tf.Tensor): tf.Scalar {
  return tf.mean(tf.square(tf.sub(teacher, student)));
}

/** log σ(z) = min(z, 0) − log(1 + e^−|z|). */
function logSigmoid(z: tf.Tensor): tf.Tensor {
  return tf.sub(tf.minimum(z, 0), softTail(z));
}

/**
 * Hinton's softened form for independent labels: per-label binary KL(teacher ‖ student) at temperature T, times T²
 * (Hinton 2015), mean over elements. Exactly 0 when the logits are equal.
 */
export function binaryKl(teacher: tf.Tensor, student: tf.Tensor, temperature: number): tf.Scalar {
  const t = tf.div(teacher, temperature);
  const s = tf.div(student, temperature);
  const p = tf.sigmoid(t);
  // p·(log σ(t) − log σ(s)) + (1 − p)·(log σ(−t) − log σ(−s)): each bracket is exactly 0 for t = s.
  const positive = tf.sub(logSigmoid(t), logSigmoid(s));
  const negative = tf.sub(logSigmoid(tf.neg(t)), logSigmoid(tf.neg(s)));
  const kl = tf.add(tf.mul(p, positive), tf.mul(tf.sub(1, p), negative));
  return tf.mul(tf.mean(kl), temperature * temperature);
}
