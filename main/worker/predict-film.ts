/** @file One film through one model: probabilities of both tasks and the attention maps asked for. */
import * as tf from '@tensorflow/tfjs-core';

import type { FromInference, ToInference } from '../../shared/worker/protocol.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import {
  attentionRelevance,
  attentionRollout,
  lastBlockAttention,
  readAttention,
  type AttentionMap,
  type FilmAttention,
} from '../numeric/attention/maps.ts';
import { forward } from '../numeric/vit/forward.ts';
import { abnormalProbability, sigmoid } from '../numeric/vit/probabilities.ts';
import { modelInput, type InputView } from './film-set.ts';
import type { LoadedModel } from './model-cache.ts';

type Prediction = Extract<FromInference, { readonly type: 'prediction' }>;
type MapRequest = Extract<ToInference, { readonly type: 'predict' }>['attention'][number];

const ABNORMAL = 'abnormal';

export interface FilmQuestion {
  /** size² grey bytes: the library's model image. */
  readonly image: Uint8Array;
  /** How the model was trained to see a film. */
  readonly input: Omit<InputView, 'side'>;
  /** Names of the T1 outputs. */
  readonly findings: readonly string[];
  readonly attention: readonly MapRequest[];
  /** Relevance needs gradients. */
  readonly trainable: boolean;
}

/** @throws ServiceError BAD_INPUT for an image, a head or a finding that the model does not have */
export function predictFilm(
  model: LoadedModel,
  question: FilmQuestion,
): Pick<Prediction, 't1' | 't2' | 'attention'> {
  const { config, normalisation, parameters } = model;
  const side = config.imageSize;
  const size = Math.sqrt(question.image.length);
  if (!Number.isInteger(size) || size < side) {
    throw new ServiceError(
      'BAD_INPUT',
      `The image has ${question.image.length} bytes, the model takes ${side} × ${side}.`,
    );
  }
  const values = modelInput(question.image, size, { ...question.input, side });
  const input = tf.tensor4d(values, [1, side, side, 1]);
  try {
    const methods = new Set(question.attention.map(({ method }) => method));
    const captured = methods.has('rollout') ? true : methods.has('last') ? 'last' : false;
    let attention: FilmAttention | null = null;
    let t1: number[] = [];
    let t2 = Number.NaN;
    tf.tidy(() => {
      const result = forward(parameters, input, config, normalisation, { attention: captured });
      t1 = Array.from(result.t1.dataSync<'float32'>(), sigmoid);
      t2 = abnormalProbability(result.t2.dataSync<'float32'>());
      if (captured !== false) attention = readAttention(result);
    });
    const maps = question.attention.map((request) => {
      const map =
        request.method === 'relevance'
          ? relevance(model, input, question, request.target)
          : withoutGradient(attention, request);
      return scaled(request, map);
    });
    return { t1, t2, attention: maps };
  } finally {
    input.dispose();
  }
}

function withoutGradient(attention: FilmAttention | null, request: MapRequest): AttentionMap {
  if (attention === null) throw new Error('attention was not captured');
  if (request.method === 'rollout') return attentionRollout(attention);
  try {
    return lastBlockAttention(attention, request.head);
  } catch (error) {
    if (error instanceof RangeError) throw new ServiceError('BAD_INPUT', error.message);
    throw error;
  }
}

function relevance(
  model: LoadedModel,
  input: tf.Tensor4D,
  question: FilmQuestion,
  target: string | null,
): AttentionMap {
  if (!question.trainable) {
    throw new ServiceError(
      'ENGINE_UNAVAILABLE',
      'Relevance maps need native TensorFlow, which did not load. Choose last-block attention or rollout.',
    );
  }
  const finding = question.findings.indexOf(target ?? ABNORMAL);
  if (finding < 0 && target !== null && target !== ABNORMAL) {
    throw new ServiceError('BAD_INPUT', `This run has no finding named ${target}.`, { target });
  }
  const { parameters, config, normalisation } = model;
  return attentionRelevance(parameters, input, config, normalisation, finding < 0 ? ABNORMAL : { finding });
}

/** Scaled so that the largest value is 1; a map without any attention stays 0. */
function scaled(request: MapRequest, map: AttentionMap): Prediction['attention'][number] {
  const peak = map.values.reduce((largest, value) => Math.max(largest, value), 0);
  return {
    method: request.method,
    head: request.method === 'last' ? request.head : null,
    target: request.method === 'relevance' ? (request.target ?? ABNORMAL) : null,
    grid: map.grid,
    values: map.values.map((value) => (peak > 0 ? value / peak : 0)),
    peak,
  };
}
