/** @file Probabilities of both tasks for films of a set, in batches; labels play no part. */
import * as tf from '@tensorflow/tfjs-core';

import type { VitConfig } from '../numeric/vit/config.ts';
import { forward, type Normalisation } from '../numeric/vit/forward.ts';
import { nameParameters } from '../numeric/vit/parameters.ts';
import type { FilmSet } from './film-set.ts';

export interface FilmScores {
  /** One array a finding, one probability a film. */
  readonly t1: readonly Float32Array[];
  /** p(abnormal) a film: σ((z_abn − z_nor)/2) with two units, σ(z) with one. */
  readonly t2: Float32Array;
}

/** `parameters` are the flat group tensors of a train state. `between` is awaited after each batch. */
export async function scoreFilms(
  parameters: readonly tf.Tensor[],
  config: VitConfig,
  normalisation: Normalisation,
  films: FilmSet,
  indices: Uint32Array,
  settings: { readonly resolution: number; readonly batch: number; readonly between: () => Promise<void> },
): Promise<FilmScores> {
  const t1 = Array.from({ length: config.t1Units }, () => new Float32Array(indices.length));
  const t2 = new Float32Array(indices.length);
  for (let start = 0; start < indices.length; start += settings.batch) {
    const chosen = indices.subarray(start, start + settings.batch);
    const { images } = films.microBatch(chosen, settings.resolution);
    const [findings, abnormal] = tf.tidy(() => {
      const input = tf.tensor4d(images, [chosen.length, config.imageSize, config.imageSize, 1]);
      const result = forward(nameParameters(parameters, config), input, config, normalisation);
      const logit =
        config.t2Units === 2
          ? tf.div(tf.sub(tf.slice(result.t2, [0, 1], [-1, 1]), tf.slice(result.t2, [0, 0], [-1, 1])), 2)
          : result.t2;
      return [
        tf.sigmoid(result.t1).dataSync<'float32'>().slice(),
        tf.sigmoid(logit).dataSync<'float32'>().slice(),
      ];
    }) as unknown as [Float32Array, Float32Array];
    chosen.forEach((_, row) => {
      t2[start + row] = abnormal[row] ?? Number.NaN;
      t1.forEach((column, finding) => {
        column[start + row] = findings[row * config.t1Units + finding] ?? Number.NaN;
      });
    });
    await settings.between();
  }
  return { t1, t2 };
}
