/** @file The Vision Transformer forward pass: both heads' logits and, on request, every block's output and attention. */
import * as tf from '@tensorflow/tfjs-core';

import type { FeaturePoint } from '../../../shared/domain/recipe.ts';
import { attentionHalf, attentionHalfOpen, mlpHalf } from './block.ts';
import { tokenCount, type VitConfig } from './config.ts';
import { layerNorm, linear, repeated } from './layers.ts';
import { lookup, type NamedParameters } from './parameters.ts';

/** Per-channel normalisation of the weights: (grey − mean) / std; ImageNet values for timm, 0.5/0.5 for HF. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface Capture {
  /**
   * H_i = output of block i with its residual, before the final layer norm (HF `hidden_states[1:]`): of all blocks, or of the one
   * at this index.
   */
  readonly blocks?: boolean | number;
  /** `attention`: of each block the residual stream behind its attention half instead of its output. */
  readonly point?: FeaturePoint;
  /** Of all blocks, or of the last one alone, which is faster. */
  readonly attention?: boolean | 'last';
  /** Zero tensors [B, h, N, N], one a block, added to the attention: their gradient is ∂y/∂A (Chefer 2021). */
  readonly probes?: readonly tf.Tensor4D[];
  /** Gradients compute again what lies inside a block instead of keeping it. */
  readonly recompute?: boolean;
}

export interface ForwardResult {
  /** T1 logits [B, K]. */
  readonly t1: tf.Tensor2D;
  /** T2 logits [B, U]. */
  readonly t2: tf.Tensor2D;
  /** H_1 … H_depth, or their counterparts at `point`, or those asked for, each [B, N, D]; empty unless captured. */
  readonly blocks: readonly tf.Tensor3D[];
  /** Softmax attention [B, h, N, N] of the blocks captured, in order; empty unless asked for. */
  readonly attention: readonly tf.Tensor4D[];
}

/** The pixels of every patch, row by row: [B, S, S, 1] → [B·G², P²]. */
export function patchPixels(images: tf.Tensor4D, config: Pick<VitConfig, 'patch' | 'imageSize'>): tf.Tensor {
  const { patch, imageSize } = config;
  const grid = imageSize / patch;
  const batch = images.shape[0];
  const cells = tf.reshape(images, [batch * grid, patch, grid, patch]);
  return tf.reshape(tf.transpose(cells, [0, 2, 1, 3]), [batch * grid * grid, patch * patch]);
}

/**
 * Embedding of grey patches [R, P²] → [R, D]. A grey film is repeated to three channels and normalised per channel, which is
 * linear, so the three kernels are folded into one: Σ_c K_c/σ_c, bias − Σ_c μ_c/σ_c · ΣK_c.
 */
export function embedPatches(
  patches: tf.Tensor,
  parameters: NamedParameters,
  config: Pick<VitConfig, 'patch' | 'width'>,
  normalisation: Normalisation,
): tf.Tensor {
  const { patch, width } = config;
  const area = patch * patch;
  const { mean, std } = normalisation;
  const kernels = tf.reshape(lookup(parameters, 'patch.kernel'), [3, area, width]);
  const inverse = tf.tensor3d(
    std.map((s) => 1 / s),
    [3, 1, 1],
  );
  const shift = tf.tensor3d(
    mean.map((m, channel) => m / (std[channel] ?? 1)),
    [3, 1, 1],
  );
  const kernel = tf.sum(tf.mul(kernels, inverse), 0); // [P², D]
  const bias = tf.sub(lookup(parameters, 'patch.bias'), tf.sum(tf.mul(kernels, shift), [0, 1])); // [D]
  return tf.add(tf.matMul(patches, kernel), bias);
}

/** Class token, patches, positions: [B·N, D]. */
function embed(
  images: tf.Tensor4D,
  parameters: NamedParameters,
  config: VitConfig,
  normalisation: Normalisation,
): tf.Tensor {
  const batch = images.shape[0];
  const tokens = tokenCount(config);
  const patches = tf.reshape(embedPatches(patchPixels(images, config), parameters, config, normalisation), [
    batch,
    tokens - 1,
    config.width,
  ]);
  const cls = repeated(lookup(parameters, 'cls'), [batch, 1, config.width]);
  const embedded = tf.add(tf.concat([cls, patches], 1), lookup(parameters, 'positions'));
  return tf.reshape(embedded, [batch * tokens, config.width]);
}

/**
 * Runs the model on grey films `images` [B, S, S, 1] with values 0..1 at the model's input size.
 * Call inside `tf.tidy` or a gradient scope: intermediate tensors are not disposed here.
 */
export function forward(
  parameters: NamedParameters,
  images: tf.Tensor4D,
  config: VitConfig,
  normalisation: Normalisation,
  capture: Capture = {},
): ForwardResult {
  const batch = images.shape[0];
  const tokens = tokenCount(config);
  const { width } = config;
  const shape = { ...config, recompute: capture.recompute === true };
  let x = embed(images, parameters, config, normalisation); // [B·N, D]
  const blocks: tf.Tensor3D[] = [];
  const attention: tf.Tensor4D[] = [];
  const isOpen = (index: number): boolean =>
    capture.attention === true ||
    capture.probes !== undefined ||
    (capture.attention === 'last' && index === config.depth - 1);
  for (let index = 0; index < config.depth; index += 1) {
    const parameter = (name: string) => lookup(parameters, `blocks.${index}.${name}`);
    let middle: tf.Tensor;
    if (isOpen(index)) {
      const half = attentionHalfOpen(x, parameter, config, batch, capture.probes?.[index]);
      middle = half.value;
      attention.push(half.probabilities as tf.Tensor4D);
    } else {
      middle = attentionHalf(x, parameter, shape, batch);
    }
    x.dispose(); // not at the end of the scope: two of them a block would pile up
    x = mlpHalf(middle, parameter, shape);
    if (capture.blocks === true || capture.blocks === index) {
      blocks.push(tf.reshape(capture.point === 'attention' ? middle : x, [batch, tokens, width]));
    }
    middle.dispose();
  }
  const cls = tf.reshape(tf.slice(tf.reshape(x, [batch, tokens, width]), [0, 0, 0], [batch, 1, width]), [
    batch,
    width,
  ]);
  const { value: normalised } = layerNorm(
    cls,
    lookup(parameters, 'norm.scale'),
    lookup(parameters, 'norm.bias'),
    config.layerNormEpsilon,
  );
  return {
    t1: linear(normalised, lookup(parameters, 't1.kernel'), lookup(parameters, 't1.bias')) as tf.Tensor2D,
    t2: linear(normalised, lookup(parameters, 't2.kernel'), lookup(parameters, 't2.bias')) as tf.Tensor2D,
    blocks,
    attention,
  };
}
