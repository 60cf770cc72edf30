/** @file Probabilities of both tasks for films of a set, in batches; labels play no part. */
import * as tf from '@tensorflow/tfjs-core';

import type { FeatureRows } from '../numeric/likeness/gaussian.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { nameParameters } from '../numeric/vit/parameters.ts';
import { abnormalProbability, sigmoid } from '../numeric/vit/probabilities.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { answers } from '../numeric/predict/answers.ts';
import type { FilmInputs } from './input-feed.ts';
import { microParts } from './micro-parts.ts';
import { oneAhead } from './one-ahead.ts';
import { SmallerPieces } from './smaller-pieces.ts';

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
  /** Films at a time, fewer where memory runs out. */
  readonly batch: number;
  /** Whether what tells films apart from the training films is wanted too. */
  readonly features?: boolean;
  readonly functions: CompiledFunctions;
  /** Awaited after each batch. */
  readonly between: () => Promise<void>;
}

/** `parameters` are the flat group tensors of a train state. @throws ServiceError OUT_OF_MEMORY where one film is too many */
export async function scoreFilms(
  parameters: readonly tf.Tensor[],
  config: VitConfig,
  normalisation: Normalisation,
  inputs: FilmInputs,
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
  const pieces = new SmallerPieces(Math.min(batch, indices.length));
  const side = config.imageSize;
  const groups = Object.fromEntries(parameters.map((group, at) => [`group-${at}`, group]));

  /** The films of `pixels`, which stand from `row` on. */
  const score = (pixels: Float32Array, films: number, row: number): void => {
    // The last batch is filled up with black films: one graph for all.
    const size = pieces.most;
    const full = new Float32Array(size * side * side);
    full.set(pixels);
    const images = tf.tensor4d(full, [size, side, side, 1]);
    try {
      const key = `scores ${JSON.stringify([config, normalisation, size, features])}`;
      const scores = functions.run(key, { ...groups, images }, () =>
        answers({ parameters: nameParameters(parameters, config), images }, config, normalisation, {
          last: false,
          rollout: false,
          features,
        }),
      );
      logits.t1.set(scores['t1']?.subarray(0, films * t1Units) ?? [], row * t1Units);
      logits.t2.set(scores['t2']?.subarray(0, films * t2Units) ?? [], row * t2Units);
      if (features) rowsOfFeatures.push(firstRows(scores['features'], films, size));
    } finally {
      images.dispose();
    }
  };

  let scored = 0;
  const parts = microParts(indices, pieces.most);
  for await (const { item, made } of oneAhead(parts, (chosen) => inputs.images(chosen, null))) {
    const area = side * side;
    pieces.each(item.length, (from, to) =>
      score(made.subarray(from * area, to * area), to - from, scored + from),
    );
    scored += item.length;
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
