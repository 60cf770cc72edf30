/** @file Loss and gradients of one micro-batch of a pre-training: masked pixels, or a larger model's tokens. No labels. */
import * as tf from '@tensorflow/tfjs-core';

import type { MeasuredTerm, MicroGradients } from '../train/train-step.ts';
import type { TrainState } from '../train/train-state.ts';
import { gridSize, tokenCount } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { nameGroups, type NamedParameters } from '../vit/parameters.ts';
import { tokenLosses } from './feature-distillation.ts';
import type { TokenScale } from './token-scale.ts';
import { maskedPixelLoss, type DecoderShape } from './masked-autoencoder.ts';

/** Terms in the order in which they are measured; all have weight 1. */
export const MASKED_TERMS: readonly MeasuredTerm[] = ['pixels'];
export const DISTILLED_TERMS: readonly MeasuredTerm[] = ['classToken', 'patchTokens'];

/** Grey films of a micro-batch as arrays. */
interface Films {
  readonly films: number;
  /** [b, S, S, 1], 0..1. */
  readonly images: Float32Array;
  /** Films of the micro-batch / films of the effective batch. */
  readonly share: number;
}

export interface MaskedFilms extends Films {
  /** `maskOrder` of every film, [b, G²]. */
  readonly order: Int32Array;
  readonly visible: number;
}

export interface TaughtFilms extends Films {
  /** Last block of the larger model, [b, N, T]. */
  readonly feature: Float32Array;
  readonly scale: TokenScale;
}

/** Gradients of the sum of `terms` at the weights of `state`. */
function gradientsOf(
  state: TrainState,
  share: number,
  terms: (parameters: NamedParameters) => readonly tf.Scalar[],
): MicroGradients {
  let measured: tf.Tensor1D | null = null;
  const { value, grads } = tf.valueAndGrads((...flat: tf.Tensor[]) => {
    const each = terms(nameGroups(flat, state.groups)).map((term) => tf.mul<tf.Scalar>(term, share));
    const loss = each.reduce((sum, term) => tf.add(sum, term));
    measured = tf.keep(tf.stack([loss, ...each])) as tf.Tensor1D;
    return loss;
  })([...state.tensors('parameters')]);
  value.dispose();
  if (measured === null) throw new Error('the loss was not computed');
  return { measured, gradients: grads };
}

const imagesOf = (state: TrainState, { films, images }: Films): tf.Tensor4D =>
  tf.tensor4d(images, [films, state.config.imageSize, state.config.imageSize, 1]);

/** Call inside `tf.tidy`. `state` holds the groups of model and decoder. */
export function maskedGradients(
  state: TrainState,
  films: MaskedFilms,
  decoder: DecoderShape,
  normalisation: Normalisation,
): MicroGradients {
  const batch = {
    images: imagesOf(state, films),
    order: tf.tensor2d(films.order, [films.films, gridSize(state.config) ** 2], 'int32'),
    visible: films.visible,
  };
  return gradientsOf(state, films.share, (parameters) => [
    maskedPixelLoss(parameters, batch, state.config, decoder, normalisation),
  ]);
}

/** Call inside `tf.tidy`. `state` holds the groups of model and projection. */
export function taughtGradients(
  state: TrainState,
  films: TaughtFilms,
  normalisation: Normalisation,
): MicroGradients {
  const images = imagesOf(state, films);
  const tokens = tokenCount(state.config);
  const width = films.feature.length / films.films / tokens;
  const teacher = tf.tensor3d(films.feature, [films.films, tokens, width]);
  return gradientsOf(state, films.share, (parameters) => {
    const { classToken, patchTokens } = tokenLosses(
      parameters,
      images,
      teacher,
      films.scale,
      state.config,
      normalisation,
    );
    return [classToken, patchTokens];
  });
}
