/** @file What a model says of a batch of films, as one function of tensors: the logits of both tasks and the maps asked for. */
import type * as tf from '@tensorflow/tfjs-core';

import { attentionRelevance, attentionRollout, classAttention } from '../attention/maps.ts';
import { likenessBlock, likenessFeatures } from '../likeness/features.ts';
import type { VitConfig } from '../vit/config.ts';
import { forward, type Normalisation } from '../vit/forward.ts';
import type { NamedParameters } from '../vit/parameters.ts';

/** What needs nothing but a forward pass. */
export interface AskedMaps {
  readonly last: boolean;
  readonly rollout: boolean;
  /** What a film is compared with the training films by. */
  readonly features: boolean;
}

/** Films [B, S, S, 1], 0..1, and the model's parameters by name. */
export interface AnswerInputs {
  readonly parameters: NamedParameters;
  readonly images: tf.Tensor4D;
}

/** `t1` [B, K] and `t2` [B, U] before the sigmoid; asked for, `last` [B, h, P], `rollout` [B, P] and
 * `features` [B, F]. Call inside `tf.tidy`. */
export function answers(
  { parameters, images }: AnswerInputs,
  config: VitConfig,
  normalisation: Normalisation,
  { last, rollout, features }: AskedMaps,
): Record<string, tf.Tensor> {
  const captured = rollout ? true : last ? 'last' : false;
  const { t1, t2, attention, blocks } = forward(parameters, images, config, normalisation, {
    attention: captured,
    blocks: features ? likenessBlock(config.depth) : false,
  });
  const final = attention.at(-1);
  const [middle] = blocks;
  return {
    t1,
    t2,
    ...(last && final !== undefined ? { last: classAttention(final) } : {}),
    ...(middle === undefined ? {} : { features: likenessFeatures(middle) }),
    ...(rollout ? { rollout: attentionRollout(attention) } : {}),
  };
}

/** A finding by its index among the T1 outputs, or the T2 output. */
export type RelevanceTarget = { readonly finding: number } | 'abnormal';

/**
 * The weights of all logits [K + U] whose sum is explained: a finding's alone, or abnormal − normal (abnormal alone with one T2
 * unit). @throws RangeError for an unknown finding
 */
export function targetWeights(
  { t1Units, t2Units }: Pick<VitConfig, 't1Units' | 't2Units'>,
  target: RelevanceTarget,
): Float32Array {
  const weights = new Float32Array(t1Units + t2Units);
  if (target === 'abnormal') {
    if (t2Units === 2) weights[t1Units] = -1;
    weights[t1Units + t2Units - 1] = 1;
    return weights;
  }
  if (!(target.finding >= 0 && target.finding < t1Units)) {
    throw new RangeError(`There is no finding ${target.finding}; the model has ${t1Units}.`);
  }
  weights[target.finding] = 1;
  return weights;
}

/** `relevance` [B, P] for `target` [K + U]. Call inside `tf.tidy`. */
export function relevance(
  { parameters, images, target }: AnswerInputs & { readonly target: tf.Tensor1D },
  config: VitConfig,
  normalisation: Normalisation,
): Record<string, tf.Tensor> {
  return { relevance: attentionRelevance(parameters, images, config, normalisation, target) };
}
