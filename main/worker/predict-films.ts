/** @file Some films through one model: probabilities of both tasks and the attention maps asked for. */
import * as tf from '@tensorflow/tfjs-core';

import type { FromInference, ToInference } from '../../shared/worker/protocol.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { freeArrays } from '../numeric/free-arrays.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { answers, relevance, targetWeights } from '../numeric/predict/answers.ts';
import { abnormalProbability, sigmoid } from '../numeric/vit/probabilities.ts';
import { modelInput, type InputView } from './model-input.ts';
import type { LoadedModel } from './model-cache.ts';
import { SmallerPieces } from './smaller-pieces.ts';

export type FilmPrediction = Extract<FromInference, { readonly type: 'prediction' }>['films'][number];
type MapRequest = Extract<ToInference, { readonly type: 'predict' }>['attention'][number];
type ShownMap = FilmPrediction['attention'][number];

const ABNORMAL = 'abnormal';

export interface FilmQuestion {
  /** size² grey bytes each: the library's model images. */
  readonly images: readonly Uint8Array[];
  /** How the model was trained to see a film. */
  readonly input: Omit<InputView, 'side'>;
  /** Names of the T1 outputs. */
  readonly findings: readonly string[];
  readonly attention: readonly MapRequest[];
  /** Whether what tells a film apart from the training films is wanted too. */
  readonly features: boolean;
  /** Relevance needs gradients. */
  readonly trainable: boolean;
}

/**
 * All at once, in parts where memory runs out.
 * @throws ServiceError BAD_INPUT for an image, a head or a finding that the model does not have; OUT_OF_MEMORY
 */
export function predictFilms(
  model: LoadedModel,
  question: FilmQuestion,
  functions: CompiledFunctions,
): FilmPrediction[] {
  for (const request of question.attention) checkRequest(model, question, request);
  const { images } = question;
  const films: FilmPrediction[] = [];
  new SmallerPieces(images.length).each(images.length, (from, to) => {
    films.push(...predictTogether(model, { ...question, images: images.slice(from, to) }, functions));
  });
  return films;
}

/** @throws OutOfMemoryError, ServiceError BAD_INPUT */
function predictTogether(
  model: LoadedModel,
  question: FilmQuestion,
  functions: CompiledFunctions,
): FilmPrediction[] {
  const { config } = model;
  const { attention } = question;
  const pixels = inputValues(model, question);
  const side = config.imageSize;
  const images = tf.tensor4d(pixels, [question.images.length, side, side, 1]);
  const made: Float32Array[] = [pixels];
  const films = question.images.length;
  const key = JSON.stringify([config, model.normalisation, films]);
  const parameters = Object.fromEntries(model.parameters);
  try {
    const asked = {
      last: attention.some(({ method }) => method === 'last'),
      rollout: attention.some(({ method }) => method === 'rollout'),
      features: question.features,
    };
    const inputs = { ...parameters, images };
    const answer = functions.run(`answers ${JSON.stringify(asked)} ${key}`, inputs, () =>
      answers({ parameters: model.parameters, images }, config, model.normalisation, asked),
    );
    const explained = attention.map((request) => {
      if (request.method !== 'relevance') return undefined;
      const target = tf.tensor1d(targetWeights(config, targetOf(question, request)));
      try {
        const explains = functions.run(`relevance ${key}`, { ...inputs, target }, () =>
          relevance({ parameters: model.parameters, images, target }, config, model.normalisation),
        );
        return explains['relevance'];
      } finally {
        target.dispose();
      }
    });
    const row = (values: Float32Array | undefined, film: number): Float32Array => {
      if (values === undefined) throw new Error('an answer was not computed');
      return values.subarray((film * values.length) / films, ((film + 1) * values.length) / films);
    };
    return question.images.map((_, film) => ({
      t1: Array.from(row(answer['t1'], film), sigmoid),
      t2: abnormalProbability(row(answer['t2'], film)),
      features: question.features ? row(answer['features'], film).slice() : null,
      attention: attention.map((request, at) => {
        if (request.method === 'last')
          return scaled(request, ofHeads(row(answer['last'], film), config.heads, request.head));
        return scaled(request, row(request.method === 'rollout' ? answer['rollout'] : explained[at], film));
      }),
    }));
  } finally {
    images.dispose();
    freeArrays(made);
  }
}

/** [B, S, S, 1], 0..1. */
function inputValues({ config }: LoadedModel, { images, input }: FilmQuestion): Float32Array {
  const side = config.imageSize;
  const values = new Float32Array(images.length * side * side);
  images.forEach((image, film) => {
    const size = Math.sqrt(image.length);
    if (!Number.isInteger(size) || size < side) {
      throw new ServiceError(
        'BAD_INPUT',
        `The image has ${image.length} bytes, the model takes ${side} × ${side}.`,
      );
    }
    const seen = modelInput(image, size, { ...input, side });
    values.set(seen, film * side * side);
    freeArrays([seen]);
  });
  return values;
}

/** @throws ServiceError before anything is computed */
function checkRequest(
  { config }: LoadedModel,
  question: FilmQuestion,
  { method, head, target }: MapRequest,
): void {
  if (method === 'last' && head !== null && !(Number.isInteger(head) && head >= 0 && head < config.heads)) {
    throw new ServiceError(
      'BAD_INPUT',
      `There is no head ${head}; the model has heads 0 to ${config.heads - 1}.`,
    );
  }
  if (method !== 'relevance') return;
  if (!question.trainable) {
    throw new ServiceError(
      'ENGINE_UNAVAILABLE',
      'Relevance maps need native TensorFlow, which did not load. Choose last-block attention or rollout.',
    );
  }
  if (target !== null && target !== ABNORMAL && !question.findings.includes(target)) {
    throw new ServiceError('BAD_INPUT', `This run has no finding named ${target}.`, { target });
  }
}

function targetOf({ findings }: FilmQuestion, { target }: MapRequest): { finding: number } | 'abnormal' {
  const finding = findings.indexOf(target ?? ABNORMAL);
  return finding < 0 ? ABNORMAL : { finding };
}

/** The attention [h, P] of one head, or the mean over heads. */
function ofHeads(values: Float32Array, heads: number, head: number | null): Float32Array {
  const patches = values.length / heads;
  if (head !== null) return values.subarray(head * patches, (head + 1) * patches);
  return Float32Array.from({ length: patches }, (_, patch) => {
    let sum = 0;
    for (let at = patch; at < values.length; at += patches) sum += values[at] ?? 0;
    return sum / heads;
  });
}

/** Scaled so that the largest value is 1; a map without any attention stays 0. */
function scaled(request: MapRequest, values: Float32Array): ShownMap {
  const peak = values.reduce((largest, value) => Math.max(largest, value), 0);
  return {
    method: request.method,
    head: request.method === 'last' ? request.head : null,
    target: request.method === 'relevance' ? (request.target ?? ABNORMAL) : null,
    grid: Math.round(Math.sqrt(values.length)),
    values: values.map((value) => (peak > 0 ? value / peak : 0)),
    peak,
  };
}
