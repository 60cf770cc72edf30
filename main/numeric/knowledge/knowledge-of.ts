/** @file What a teacher says of a batch of films: its logits and the feature that a method compares. */
import type * as tf from '@tensorflow/tfjs-core';

import type { FeaturePoint } from '../../../shared/domain/recipe.ts';
import { featureOf } from '../methods/features.ts';
import type { FeatureKind } from '../methods/needs.ts';
import type { VitConfig } from '../vit/config.ts';
import { forward, type Normalisation } from '../vit/forward.ts';
import type { NamedParameters } from '../vit/parameters.ts';

/** `t1` [B, K], `t2` [B, U] and, unless the kind is `none`, `feature`. Call inside `tf.tidy`. */
export function knowledgeOf(
  { parameters, images }: { readonly parameters: NamedParameters; readonly images: tf.Tensor4D },
  config: VitConfig,
  normalisation: Normalisation,
  kind: FeatureKind,
  point: FeaturePoint,
): Record<string, tf.Tensor> {
  const capture = kind === 'none' ? {} : { blocks: true, point };
  const { t1, t2, blocks } = forward(parameters, images, config, normalisation, capture);
  const feature = featureOf(kind, blocks);
  return { t1, t2, ...(feature === null ? {} : { feature }) };
}
