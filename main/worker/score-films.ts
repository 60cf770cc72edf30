/** @file Probabilities of both tasks for films of a set, in batches; labels play no part. */
import * as tf from '@tensorflow/tfjs-core';

import type { VitConfig } from '../numeric/vit/config.ts';
import { forward, type Normalisation } from '../numeric/vit/forward.ts';
import { nameParameters } from '../numeric/vit/parameters.ts';
import { abnormalProbability, sigmoid } from '../numeric/vit/probabilities.ts';
import type { FilmSet, InputView } from './film-set.ts';

export interface FilmScores {
  /** One array a finding, one probability a film. */
  readonly t1: readonly Float64Array[];
  /** p(abnormal) a film: σ((z_abn − z_nor)/2) with two units, σ(z) with one. */
  readonly t2: Float64Array;
  /** Before the sigmoid, film by film: T1 [films, K], T2 [films, U]. */
  readonly logits: { readonly t1: Float32Array; readonly t2: Float32Array };
}

/** `parameters` are the flat group tensors of a train state. `between` is awaited after each batch. */
export async function scoreFilms(
  parameters: readonly tf.Tensor[],
  config: VitConfig,
  normalisation: Normalisation,
  films: FilmSet,
  indices: Uint32Array,
  settings: { readonly input: InputView; readonly batch: number; readonly between: () => Promise<void> },
): Promise<FilmScores> {
  const { t1Units, t2Units } = config;
  const logits = {
    t1: new Float32Array(indices.length * t1Units),
    t2: new Float32Array(indices.length * t2Units),
  };
  for (let start = 0; start < indices.length; start += settings.batch) {
    const chosen = indices.subarray(start, start + settings.batch);
    const { images } = films.microBatch(chosen, settings.input);
    tf.tidy(() => {
      const input = tf.tensor4d(images, [chosen.length, config.imageSize, config.imageSize, 1]);
      const result = forward(nameParameters(parameters, config), input, config, normalisation);
      logits.t1.set(result.t1.dataSync<'float32'>(), start * t1Units);
      logits.t2.set(result.t2.dataSync<'float32'>(), start * t2Units);
    });
    await settings.between();
  }
  const rows = [...indices.keys()];
  return {
    t1: Array.from({ length: t1Units }, (_, finding) =>
      Float64Array.from(rows, (row) => sigmoid(logits.t1[row * t1Units + finding] ?? Number.NaN)),
    ),
    t2: Float64Array.from(rows, (row) =>
      abnormalProbability(logits.t2.subarray(row * t2Units, (row + 1) * t2Units)),
    ),
    logits,
  };
}
