/** @file Probabilities of both tasks for films of a set, in batches; labels play no part. */
import * as tf from '@tensorflow/tfjs-core';

import type { FeatureRows } from '../numeric/likeness/gaussian.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { nameParameters } from '../numeric/vit/parameters.ts';
import { abnormalProbability, sigmoid } from '../numeric/vit/probabilities.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { answers } from '../numeric/predict/answers.ts';
import type { FilmSet } from './film-set.ts';
import type { InputView } from './model-input.ts';

export interface FilmScores {
  /** One array a finding, one probability a film. */
  readonly t1: readonly Float64Array[];
  /** p(abnormal) a film: σ((z_abn − z_nor)/2) with two units, σ(z) with one. */
  readonly t2: Float64Array;
  /** Before the sigmoid, film by film: T1 [films, K], T2 [films, U]. */
  readonly logits: { readonly t1: Float32Array; readonly t2: Float32Array };
  /** A row a film; null unless asked for. */
  readonly features: FeatureRows | null;
}

export interface ScoreSettings {
  readonly input: InputView;
  /** Films at a time. */
  readonly batch: number;
  /** Whether what tells films apart from the training films is wanted too. */
  readonly features?: boolean;
  readonly functions: CompiledFunctions;
  /** Awaited after each batch. */
  readonly between: () => Promise<void>;
}

/** `parameters` are the flat group tensors of a train state. */
export async function scoreFilms(
  parameters: readonly tf.Tensor[],
  config: VitConfig,
  normalisation: Normalisation,
  films: FilmSet,
  indices: Uint32Array,
  settings: ScoreSettings,
): Promise<FilmScores> {
  const { t1Units, t2Units } = config;
  const logits = {
    t1: new Float32Array(indices.length * t1Units),
    t2: new Float32Array(indices.length * t2Units),
  };
  const { batch, functions, features = false } = settings;
  const rowsOfFeatures: Float32Array[] = [];
  const size = Math.min(batch, indices.length);
  const side = config.imageSize;
  const key = `scores ${JSON.stringify([config, normalisation, size, features])}`;
  for (let start = 0; start < indices.length; start += size) {
    const chosen = indices.subarray(start, start + size);
    // The last batch is filled up with black films: one graph for all.
    const pixels = new Float32Array(size * side * side);
    pixels.set(films.images(chosen, settings.input));
    const images = tf.tensor4d(pixels, [size, side, side, 1]);
    const groups = Object.fromEntries(parameters.map((group, at) => [`group-${at}`, group]));
    const scores = functions.run(key, { ...groups, images }, () =>
      answers({ parameters: nameParameters(parameters, config), images }, config, normalisation, {
        last: false,
        rollout: false,
        features,
      }),
    );
    images.dispose();
    logits.t1.set(scores['t1']?.subarray(0, chosen.length * t1Units) ?? [], start * t1Units);
    logits.t2.set(scores['t2']?.subarray(0, chosen.length * t2Units) ?? [], start * t2Units);
    if (features) rowsOfFeatures.push(firstRows(scores['features'], chosen.length, size));
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
    features: features ? joined(rowsOfFeatures, indices.length) : null,
  };
}

/** Without the black films that fill a batch up. */
function firstRows(values: Float32Array | undefined, rows: number, of: number): Float32Array {
  if (values === undefined) throw new Error('the features were not computed');
  return values.slice(0, (values.length / of) * rows);
}

function joined(parts: readonly Float32Array[], films: number): FeatureRows {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    values.set(part, offset);
    offset += part.length;
  }
  return { values, width: values.length / films };
}
