/** @file The step of a masked autoencoder: loss and gradients of micro-batches of films, some patches of which are hidden. No labels. */
import * as tf from '@tensorflow/tfjs-core';

import { resizedRows } from '../train/micro-batch.ts';
import {
  scaledLoss,
  sharesOf,
  type MeasuredTerm,
  type MicroGradients,
  type StepWork,
} from '../train/train-step.ts';
import { gridSize, type ParameterGroup, type VitConfig } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { nameGroups } from '../vit/parameters.ts';
import { maskedPixelLoss, type DecoderShape } from './masked-autoencoder.ts';

const TERMS: readonly { readonly name: MeasuredTerm; readonly weight: number }[] = [
  { name: 'pixels', weight: 1 },
];

/** One micro-batch of b films. */
export interface MaskedFilms {
  readonly films: number;
  /** Grey films [b, S, S, 1], 0..1. */
  readonly images: Float32Array;
  /** `maskOrder` of every film, [b, G²]. */
  readonly order: Int32Array;
}

export interface MaskedTensors {
  readonly images: tf.Tensor4D;
  readonly order: tf.Tensor2D;
  /** Films of the micro-batch / films of the effective batch. */
  readonly share: tf.Scalar;
}

export interface MaskedModel {
  readonly config: VitConfig;
  /** Of the model and of its decoder. */
  readonly groups: readonly ParameterGroup[];
  readonly decoder: DecoderShape;
  readonly normalisation: Normalisation;
  /** Patches that the encoder sees of a film. */
  readonly visible: number;
  /** Gradients compute again what lies inside a block instead of keeping it. */
  readonly recompute: boolean;
}

function gradients(
  { config, groups, decoder, normalisation, visible, recompute }: MaskedModel,
  parameters: readonly tf.Tensor[],
  { images, order, share }: MaskedTensors,
  lossScale?: tf.Tensor,
): MicroGradients {
  let measured: tf.Tensor1D | null = null;
  const { value, grads } = tf.valueAndGrads((...flat: tf.Tensor[]) => {
    const batch = { images, order, visible };
    const shape = { ...config, recompute };
    const pixels = maskedPixelLoss(nameGroups(flat, groups), batch, shape, decoder, normalisation);
    const loss = tf.mul<tf.Scalar>(pixels, share);
    measured = tf.keep(tf.stack([loss, loss])) as tf.Tensor1D; // the sum, and its only term
    return scaledLoss(loss, lossScale);
  })([...parameters]);
  value.dispose();
  if (measured === null) throw new Error('the loss was not computed');
  return { measured, gradients: grads };
}

/** Pre-training by hidden patches (He et al. 2022). */
export function maskedWork(model: MaskedModel): StepWork<MaskedFilms, MaskedTensors> {
  const { imageSize } = model.config;
  return {
    tensors({ films, images, order }, all) {
      const effective = all.reduce((sum, batch) => sum + batch.films, 0);
      return {
        images: tf.tensor4d(images, [films, imageSize, imageSize, 1]),
        order: tf.tensor2d(order, [films, gridSize(model.config) ** 2], 'int32'),
        share: tf.scalar(films / effective),
      };
    },
    named: ({ images, order, share }) =>
      new Map<string, tf.Tensor>([
        ['images', images],
        ['order', order],
        ['share', share],
      ]),
    gradients: (parameters, fed, lossScale) => gradients(model, parameters, fed, lossScale),
    terms: (values) => sharesOf(TERMS, values),
    resized: ({ films: from, images, order }, films) => ({
      films,
      images: resizedRows(images, from, films),
      order: resizedRows(order, from, films),
    }),
    rows({ films, images, order }, from, to) {
      const [pixels, patches] = [images.length / films, order.length / films];
      return {
        films: to - from,
        images: images.subarray(from * pixels, to * pixels),
        order: order.subarray(from * patches, to * patches),
      };
    },
  };
}
