/** @file Loss and gradients of one micro-batch of masked films. No labels. */
import * as tf from '@tensorflow/tfjs-core';

import type { MeasuredTerm, MicroGradients } from '../train/train-step.ts';
import type { TrainState } from '../train/train-state.ts';
import { gridSize } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { nameGroups } from '../vit/parameters.ts';
import { maskedPixelLoss, type DecoderShape } from './masked-autoencoder.ts';

/** Terms in the order in which they are measured; all have weight 1. */
export const MASKED_TERMS: readonly MeasuredTerm[] = ['pixels'];

export interface MaskedFilms {
  readonly films: number;
  /** Grey films [b, S, S, 1], 0..1. */
  readonly images: Float32Array;
  /** Films of the micro-batch / films of the effective batch. */
  readonly share: number;
  /** `maskOrder` of every film, [b, G²]. */
  readonly order: Int32Array;
  readonly visible: number;
}

/** Call inside `tf.tidy`. `state` holds the groups of model and decoder. */
export function maskedGradients(
  state: TrainState,
  { films, images, share, order, visible }: MaskedFilms,
  decoder: DecoderShape,
  normalisation: Normalisation,
): MicroGradients {
  const { config, groups } = state;
  const batch = {
    images: tf.tensor4d(images, [films, config.imageSize, config.imageSize, 1]),
    order: tf.tensor2d(order, [films, gridSize(config) ** 2], 'int32'),
    visible,
  };
  let measured: tf.Tensor1D | null = null;
  const { value, grads } = tf.valueAndGrads((...flat: tf.Tensor[]) => {
    const pixels = maskedPixelLoss(nameGroups(flat, groups), batch, config, decoder, normalisation);
    const loss = tf.mul<tf.Scalar>(pixels, share);
    measured = tf.keep(tf.stack([loss, loss])) as tf.Tensor1D; // the sum, and its only term
    return loss;
  })([...state.tensors('parameters')]);
  value.dispose();
  if (measured === null) throw new Error('the loss was not computed');
  return { measured, gradients: grads };
}
