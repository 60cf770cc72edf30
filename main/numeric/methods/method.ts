/** @file What a distillation method is: which teacher knowledge it needs and its feature term. One file a method. */
import type * as tf from '@tensorflow/tfjs-core';

import type { LossSettings, Method } from '../../../shared/domain/recipe.ts';
import type { MethodNeeds } from './needs.ts';

/** Loss settings of a run, with what is computed from its films. */
export interface MethodSettings extends LossSettings {
  /** Weight of the positive part of each finding's BCE, [K]; null or absent = none. */
  readonly positiveWeights?: readonly number[] | null;
}

/** Teacher features in the form that `FeatureKind` names and the student's, ready to compare: same shape. */
export interface ComparedFeatures {
  readonly teacher: tf.Tensor;
  readonly student: tf.Tensor;
}

export interface MethodDefinition extends MethodNeeds {
  readonly name: Method;
  /** One sentence for tooltips and reports. */
  readonly explanation: string;
  /**
   * The student's side of the feature term, from its H_1 … H_L [B, N, D]: the shape of the teacher's side, which is
   * [B, N, D] or [B, L, N, D] as `feature` says. The term is the mean squared difference.
   */
  readonly studentFeature?: (blocks: readonly tf.Tensor3D[]) => tf.Tensor;
}
