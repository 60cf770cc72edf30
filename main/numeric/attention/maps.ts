/**
 * @file Attention maps of one film on the patch grid: class-token attention of the last block, rollout, and
 * gradient-weighted relevance. Values are raw; `normaliseMap` is for showing.
 */
import * as tf from '@tensorflow/tfjs-core';

import { tokenCount, type VitConfig } from '../vit/config.ts';
import { forward, type ForwardResult, type Normalisation } from '../vit/forward.ts';
import type { NamedParameters } from '../vit/parameters.ts';

/** One value a patch, row by row, [G·G]. */
export interface AttentionMap {
  readonly grid: number;
  readonly values: Float32Array;
}

/** A finding by its index among the T1 outputs, or the T2 output. */
export type RelevanceTarget = { readonly finding: number } | 'abnormal';

/** Attention of the blocks captured (rollout needs all) for one film: [h, N, N] each, flat. */
export interface FilmAttention {
  readonly heads: number;
  readonly tokens: number;
  readonly blocks: readonly Float32Array[];
}

/** Reads one film's attention out of a forward result with captured attention. */
export function readAttention(result: ForwardResult, film = 0): FilmAttention {
  const [first] = result.attention;
  if (first === undefined) throw new Error('the forward pass did not capture attention');
  const [, heads, tokens] = first.shape;
  const blocks = result.attention.map((block) => {
    const one = tf.slice(block, [film, 0, 0, 0], [1, heads, tokens, tokens]);
    const values = one.dataSync<'float32'>();
    one.dispose(); // by hand: tf.tidy would look for tensors in every one of these values
    return values;
  });
  return { heads, tokens, blocks };
}

function asMap(values: Float32Array): AttentionMap {
  return { grid: Math.round(Math.sqrt(values.length)), values };
}

/** Attention of the class token to the patches in the last block: mean over heads, or of one head. */
export function lastBlockAttention(attention: FilmAttention, head: number | null = null): AttentionMap {
  const { heads, tokens } = attention;
  if (head !== null && !(Number.isInteger(head) && head >= 0 && head < heads)) {
    throw new RangeError(`There is no head ${head}; the model has heads 0 to ${heads - 1}.`);
  }
  const last = attention.blocks.at(-1) ?? new Float32Array();
  const used = head === null ? Array.from({ length: heads }, (_, index) => index) : [head];
  const values = new Float32Array(tokens - 1);
  for (const index of used) {
    const row = index * tokens * tokens; // the class token's row of this head
    for (let patch = 0; patch < values.length; patch += 1) {
      values[patch] = (values[patch] ?? 0) + (last[row + 1 + patch] ?? 0) / used.length;
    }
  }
  return asMap(values);
}

/** Mean over heads of one block, row-major [N, N]. */
function headMean(block: Float32Array, heads: number, tokens: number): Float64Array {
  const mean = new Float64Array(tokens * tokens);
  for (let head = 0; head < heads; head += 1) {
    const at = head * mean.length;
    for (let i = 0; i < mean.length; i += 1) mean[i] = (mean[i] ?? 0) + (block[at + i] ?? 0) / heads;
  }
  return mean;
}

/** row · matrix for a row vector [N] and a matrix [N, N]. */
function timesMatrix(row: Float64Array, matrix: Float64Array): Float64Array<ArrayBuffer> {
  const tokens = row.length;
  const out = new Float64Array(tokens);
  for (let i = 0; i < tokens; i += 1) {
    const factor = row[i] ?? 0;
    for (let j = 0; j < tokens; j += 1) out[j] = (out[j] ?? 0) + factor * (matrix[i * tokens + j] ?? 0);
  }
  return out;
}

/**
 * Attention rollout (Abnar & Zuidema 2020): product over blocks of ½A + ½I with rows scaled to 1; the class token's row.
 * Only that row is carried, from the last block back to the first.
 */
export function attentionRollout(attention: FilmAttention): AttentionMap {
  const { heads, tokens } = attention;
  let row = new Float64Array(tokens);
  row[0] = 1;
  for (const block of attention.blocks.toReversed()) {
    const mixed = headMean(block, heads, tokens);
    for (let i = 0; i < tokens; i += 1) {
      let sum = 0;
      for (let j = 0; j < tokens; j += 1) {
        const at = i * tokens + j;
        const value = 0.5 * (mixed[at] ?? 0) + (i === j ? 0.5 : 0);
        mixed[at] = value;
        sum += value;
      }
      for (let j = 0; j < tokens; j += 1) mixed[i * tokens + j] = (mixed[i * tokens + j] ?? 0) / sum;
    }
    row = timesMatrix(row, mixed);
  }
  return asMap(Float32Array.from(row.subarray(1)));
}

/** The logit that is explained: a finding's, or abnormal − normal (abnormal alone with one T2 unit). */
function targetLogit(result: ForwardResult, target: RelevanceTarget): tf.Scalar {
  if (target !== 'abnormal') return tf.sum(tf.slice(result.t1, [0, target.finding], [1, 1]));
  const units = result.t2.shape[1];
  const abnormal: tf.Scalar = tf.sum(tf.slice(result.t2, [0, units - 1], [1, 1]));
  const normal = tf.sum(tf.slice(result.t2, [0, 0], [1, 1]));
  return units === 2 ? tf.sub<tf.Scalar>(abnormal, normal) : abnormal;
}

/** R + mean_h max(∇A ∘ A, 0) · R over the blocks (Chefer 2021, self-attention rule); the class token's row. */
function accumulateRelevance(weighted: readonly Float64Array[], tokens: number): Float32Array {
  // Row 0 of (I + W_L)…(I + W_1): carried from the last block back to the first.
  let row = new Float64Array(tokens);
  row[0] = 1;
  for (const block of weighted.toReversed()) {
    const through = timesMatrix(row, block);
    row = row.map((value, index) => value + (through[index] ?? 0));
  }
  return Float32Array.from(row.subarray(1));
}

/**
 * Gradient-weighted relevance of the patches for a target (Chefer, Gur & Wolf 2021). `image` is [1, S, S, 1], 0..1.
 * Needs gradients: native TensorFlow. @throws RangeError for an unknown finding
 */
export function attentionRelevance(
  parameters: NamedParameters,
  image: tf.Tensor4D,
  config: VitConfig,
  normalisation: Normalisation,
  target: RelevanceTarget,
): AttentionMap {
  if (target !== 'abnormal' && !(target.finding >= 0 && target.finding < config.t1Units)) {
    throw new RangeError(`There is no finding ${target.finding}; the model has ${config.t1Units}.`);
  }
  const tokens = tokenCount(config);
  const weighted: Float64Array[] = [];
  tf.tidy(() => {
    const probes = Array.from({ length: config.depth }, () => tf.zeros([1, config.heads, tokens, tokens]));
    const kept: tf.Tensor[] = [];
    const { grads, value } = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const result = forward(parameters, image, config, normalisation, {
        attention: true,
        probes: given as tf.Tensor4D[],
      });
      for (const block of result.attention) kept.push(tf.keep(tf.clone(block)));
      return targetLogit(result, target);
    })(probes);
    grads.forEach((gradient, index) => {
      const product = tf.relu(tf.mul(gradient, kept[index] as tf.Tensor));
      weighted.push(headMean(product.dataSync<'float32'>(), config.heads, tokens));
    });
    tf.dispose([value, ...kept]);
  });
  return asMap(accumulateRelevance(weighted, tokens));
}
