/**
 * @file Feature distillation without labels: a smaller model's tokens, projected to a larger model's width, follow the larger
 * one's standardised tokens (after Wei et al. 2022). The projection is thrown away afterwards.
 */
import * as tf from '@tensorflow/tfjs-core';

import { lastBlockOf } from '../methods/features.ts';
import { parameterGroup, parameterSpec, type ParameterGroup, type VitConfig } from '../vit/config.ts';
import { forward, type Normalisation } from '../vit/forward.ts';
import { layerNorm, linear } from '../vit/layers.ts';
import { lookup, type NamedParameters } from '../vit/parameters.ts';
import type { TokenScale } from './token-scale.ts';

/** The projection from the model's width to the larger model's, stored after the model's own groups. */
export function projectionGroups(config: VitConfig, teacherWidth: number): readonly ParameterGroup[] {
  return [
    parameterGroup('projection', [
      parameterSpec('projection.kernel', [config.width, teacherWidth], true),
      parameterSpec('projection.bias', [teacherWidth], false),
    ]),
  ];
}

export interface TokenLosses {
  /** Mean squared error at the class token, which the heads read. */
  readonly classToken: tf.Scalar;
  /** And over all patch tokens. */
  readonly patchTokens: tf.Scalar;
}

/**
 * Compares the projected final tokens of the model on `images` [B, S, S, 1] with `teacher` [B, N, T], the larger model's last
 * block output, which `scale` brings to mean 0 and variance 1 over the films first.
 * Call inside `tf.tidy` or a gradient scope.
 */
export function tokenLosses(
  parameters: NamedParameters,
  images: tf.Tensor4D,
  teacher: tf.Tensor,
  scale: TokenScale,
  config: VitConfig,
  normalisation: Normalisation,
): TokenLosses {
  const last = lastBlockOf(forward(parameters, images, config, normalisation, { blocks: true }).blocks);
  const [batch = 0, tokens = 0, width = 0] = last.shape;
  const at = (name: string) => lookup(parameters, name);
  const rows = tf.reshape(last, [batch * tokens, width]);
  const { value } = layerNorm(rows, at('norm.scale'), at('norm.bias'), config.layerNormEpsilon);
  const projected = tf.reshape(linear(value, at('projection.kernel'), at('projection.bias')), teacher.shape);
  const [mean, inverse] = [scale.mean, scale.inverse].map((values) =>
    tf.tensor3d(values, [1, tokens, values.length / tokens]),
  ) as [tf.Tensor, tf.Tensor];
  const squared = tf.square(tf.sub(projected, tf.mul(tf.sub(teacher, mean), inverse)));
  const [classToken, patchTokens] = tf.split(squared, [1, tokens - 1], 1);
  return { classToken: tf.mean(classToken as tf.Tensor), patchTokens: tf.mean(patchTokens as tf.Tensor) };
}
