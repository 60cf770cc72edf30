/**
 * @file Masked autoencoder (He et al. 2022) on grey films: the encoder sees the visible patches only, a light decoder
 * predicts the pixels of the masked ones, each patch normalised by its own mean and deviation.
 */
import * as tf from '@tensorflow/tfjs-core';

import { blockStack, type BlockParameter, type BlockShape } from '../vit/block.ts';
import {
  blockSpecs,
  gridSize,
  parameterGroup,
  parameterSpec,
  type ParameterGroup,
  type VitConfig,
} from '../vit/config.ts';
import { embedPatches, patchPixels, type Normalisation } from '../vit/forward.ts';
import { layerNorm, linear, repeated } from '../vit/layers.ts';
import { lookup, type NamedParameters } from '../vit/parameters.ts';
import { sineCosinePositions } from './positions.ts';

/** The decoder is thrown away after pre-training. */
export interface DecoderShape {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
}

/** Parameters of the decoder, stored after the model's own groups. */
export function decoderGroups(config: VitConfig, decoder: DecoderShape): readonly ParameterGroup[] {
  const { width } = decoder;
  const area = config.patch ** 2;
  return [
    parameterGroup('decoder.stem', [
      parameterSpec('decoder.embed.kernel', [config.width, width], true),
      parameterSpec('decoder.embed.bias', [width], false),
      parameterSpec('decoder.mask-token', [1, 1, width], false),
    ]),
    ...Array.from({ length: decoder.depth }, (_, block) => {
      const at = `decoder.blocks.${block}`;
      return parameterGroup(at, blockSpecs(at, { width, mlpRatio: config.mlpRatio }));
    }),
    parameterGroup('decoder.head', [
      parameterSpec('decoder.norm.scale', [width], false),
      parameterSpec('decoder.norm.bias', [width], false),
      parameterSpec('decoder.pixels.kernel', [width, area], true),
      parameterSpec('decoder.pixels.bias', [area], false),
    ]),
  ];
}

/** The model, and whether gradients compute again what lies inside a block. */
export type MaskedShape = VitConfig & { readonly recompute: boolean };

/** Films of one micro-batch and the patches that the encoder sees. */
export interface MaskedBatch {
  /** Grey films [B, S, S, 1], 0..1. */
  readonly images: tf.Tensor4D;
  /** Patches of every film in the order of `maskOrder`, [B, G²]: the first `visible` are seen, the rest is predicted. */
  readonly order: tf.Tensor2D;
  readonly visible: number;
}

/** Rows `index` [B, K] of every film's own G² rows in `rows` [B·G², C] → [B·K, C]. Not differentiable in `rows`. */
function rowsOf(rows: tf.Tensor, index: tf.Tensor, patches: number): tf.Tensor {
  const batch = index.shape[0] ?? 0;
  const first = tf.reshape(tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(patches, 'int32')), [batch, 1]);
  return tf.gather(rows, tf.reshape<tf.Rank.R1>(tf.add(index, first), [-1]));
}

/** Fixed positions of the patches `index` [B, K], without the class token's → [B, K, C]. */
function positionsOf(index: tf.Tensor, width: number, grid: number): tf.Tensor {
  const all = tf.tensor2d(sineCosinePositions(width, grid).subarray(width), [grid * grid, width]);
  return tf.reshape(tf.gather(all, tf.reshape<tf.Rank.R1>(index, [-1])), [...index.shape, width]);
}

/** Every patch [R, P²] with mean 0 and variance 1 (unbiased, ε 1e-6), as the reference does it. */
function normalisedPatches(patches: tf.Tensor): tf.Tensor {
  const area = patches.shape[1] ?? 1;
  const centred = tf.sub(patches, tf.mean(patches, -1, true));
  const variance = tf.div(tf.sum(tf.square(centred), -1, true), area - 1);
  return tf.div(centred, tf.sqrt(tf.add(variance, 1e-6)));
}

/** The visible patches through the model: class token first, after the final norm. [B·(1+V), D]. */
function encode(
  parameters: NamedParameters,
  pixels: tf.Tensor,
  seen: tf.Tensor,
  config: MaskedShape,
  normalisation: Normalisation,
): tf.Tensor {
  const { width, depth, layerNormEpsilon } = config;
  const [batch = 0, visible = 0] = seen.shape;
  const grid = gridSize(config);
  const patches = embedPatches(rowsOf(pixels, seen, grid * grid), parameters, config, normalisation);
  const placed = tf.add(tf.reshape(patches, [batch, visible, width]), positionsOf(seen, width, grid));
  const cls = repeated(lookup(parameters, 'cls'), [batch, 1, width]); // its fixed position is zero
  const embedded = tf.reshape(tf.concat([cls, placed], 1), [batch * (1 + visible), width]);
  const encoded = blockStack(embedded, blockOf(parameters, 'blocks'), config, depth, batch);
  const [scale, bias] = [lookup(parameters, 'norm.scale'), lookup(parameters, 'norm.bias')];
  return layerNorm(encoded, scale, bias, layerNormEpsilon).value;
}

function blockOf(parameters: NamedParameters, prefix: string): (block: number) => BlockParameter {
  return (block) => (name) => lookup(parameters, `${prefix}.${block}.${name}`);
}

/** Predicted pixels of the masked patches [B·M, P²]. Tokens need no fixed order: each carries its position. */
function decode(
  parameters: NamedParameters,
  encoded: tf.Tensor,
  seen: tf.Tensor,
  hidden: tf.Tensor,
  config: MaskedShape,
  decoder: DecoderShape,
): tf.Tensor {
  const { width } = decoder;
  const { layerNormEpsilon, recompute } = config;
  const shape: BlockShape = { ...decoder, layerNormEpsilon, recompute };
  const grid = gridSize(config);
  const [batch = 0, visible = 0] = seen.shape;
  const masked = hidden.shape[1] ?? 0;
  const at = (name: string) => lookup(parameters, `decoder.${name}`);
  const known = tf.reshape(linear(encoded, at('embed.kernel'), at('embed.bias')), [
    batch,
    1 + visible,
    width,
  ]);
  const unknown = repeated(at('mask-token'), [batch, masked, width]);
  const places = tf.concat(
    [tf.zeros([batch, 1, width]), positionsOf(seen, width, grid), positionsOf(hidden, width, grid)],
    1,
  );
  const tokens = 1 + visible + masked;
  const embedded = tf.reshape(tf.add(tf.concat([known, unknown], 1), places), [batch * tokens, width]);
  const decoded = blockStack(embedded, blockOf(parameters, 'decoder.blocks'), shape, decoder.depth, batch);
  const wanted = tf.slice(
    tf.reshape(decoded, [batch, tokens, width]),
    [0, 1 + visible, 0],
    [batch, masked, width],
  );
  const rows = tf.reshape(wanted, [batch * masked, width]);
  const { value } = layerNorm(rows, at('norm.scale'), at('norm.bias'), layerNormEpsilon);
  return linear(value, at('pixels.kernel'), at('pixels.bias'));
}

/**
 * Mean squared error of the predicted pixels over all masked patches of the micro-batch. `parameters` are the model's and the
 * decoder's, by name. Call inside `tf.tidy` or a gradient scope.
 */
export function maskedPixelLoss(
  parameters: NamedParameters,
  { images, order, visible }: MaskedBatch,
  config: MaskedShape,
  decoder: DecoderShape,
  normalisation: Normalisation,
): tf.Scalar {
  const [batch, patches] = order.shape;
  const seen = tf.slice(order, [0, 0], [batch, visible]);
  const hidden = tf.slice(order, [0, visible], [batch, patches - visible]);
  const pixels = patchPixels(images, config);
  const encoded = encode(parameters, pixels, seen, config, normalisation);
  const predicted = decode(parameters, encoded, seen, hidden, config, decoder);
  const target = normalisedPatches(rowsOf(pixels, hidden, patches));
  return tf.mean(tf.square(tf.sub(predicted, target)));
}
