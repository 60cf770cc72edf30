/** @file The joint loss L = L_KD + L_cls (Eq. 3 of the paper) of any method, with each term's value and weight. */
import * as tf from '@tensorflow/tfjs-core';

import type { Method } from '../../../shared/domain/recipe.ts';
import { bceT1, bceT2, binaryKl, meanSquaredError } from '../losses/losses.ts';
import type { ForwardResult } from '../vit/forward.ts';
import { normaliseTokens, poolTokens, selectTokens } from './features.ts';
import type { MethodSettings } from './method.ts';
import { neededFeature } from './needs.ts';
import { methodDefinition } from './registry.ts';

export type TermName = 'bceT1' | 'bceT2' | 'kdT1' | 'kdT2' | 'feature';

/** Labels of one micro-batch as tensors; masks are 0 where a label is unknown. */
export interface LabelTensors {
  readonly t1: tf.Tensor2D;
  readonly t1Mask: tf.Tensor2D;
  readonly t2: tf.Tensor1D;
  readonly t2Mask: tf.Tensor1D;
}

/** Teacher outputs for the same films; `feature` is [B, N, D] or [B, L, N, D] as the method's kind says. */
export interface TeacherTensors {
  readonly t1: tf.Tensor2D;
  readonly t2: tf.Tensor2D;
  readonly feature: tf.Tensor | null;
}

/** Denominators over the whole effective batch, so that micro-batches add up to exactly the batch's loss. */
export interface BatchTotals {
  /** Films of this micro-batch / films of the effective batch. */
  readonly share: tf.Scalar;
  /** Known labels of the effective batch, at least 1. */
  readonly t1Known: tf.Scalar;
  readonly t2Known: tf.Scalar;
}

export interface LossTerm {
  readonly name: TermName;
  /** Unweighted, already divided for accumulation over micro-batches. */
  readonly value: tf.Scalar;
  readonly weight: number;
}

export interface JointLoss {
  readonly loss: tf.Scalar;
  readonly terms: readonly LossTerm[];
}

/** Names and weights of a method's terms, in order. The feature term is left out when γ = 0. */
export function termWeights(
  method: Method,
  settings: MethodSettings,
): readonly { readonly name: TermName; readonly weight: number }[] {
  const terms: { name: TermName; weight: number }[] = [
    { name: 'bceT1', weight: 1 },
    { name: 'bceT2', weight: 1 },
  ];
  if (!methodDefinition(method).logits) return terms;
  terms.push({ name: 'kdT1', weight: settings.alpha }, { name: 'kdT2', weight: settings.beta });
  if (neededFeature(method, settings) !== 'none') terms.push({ name: 'feature', weight: settings.gamma });
  return terms;
}

function featureTerm(
  method: Method,
  settings: MethodSettings,
  student: ForwardResult,
  teacher: TeacherTensors,
): tf.Scalar {
  const { studentFeature } = methodDefinition(method);
  if (studentFeature === undefined) throw new Error(`method ${method} has no feature term`);
  if (teacher.feature === null) throw new Error(`method ${method} needs teacher features`);
  const prepare = (features: tf.Tensor) => {
    const selected = selectTokens(features, settings.tokens);
    return settings.normaliseFeatures ? normaliseTokens(selected) : selected;
  };
  const own = studentFeature(student.blocks);
  const tokens = own.shape.at(-2) ?? 0;
  return meanSquaredError(prepare(poolTokens(teacher.feature, tokens)), prepare(own));
}

/** L for one micro-batch of a larger effective batch; summing over micro-batches gives the batch's loss. */
export function jointLoss(
  method: Method,
  settings: MethodSettings,
  student: ForwardResult,
  labels: LabelTensors,
  teacher: TeacherTensors | null,
  totals: BatchTotals,
): JointLoss {
  const positive = settings.positiveWeights ?? null;
  const logitLoss = (t: tf.Tensor, s: tf.Tensor) =>
    settings.kdLoss === 'mse' ? meanSquaredError(t, s) : binaryKl(t, s, settings.temperature);
  const known = (): TeacherTensors => {
    if (teacher === null) throw new Error(`method ${method} needs teacher outputs`);
    return teacher;
  };
  const formulas: Readonly<Record<TermName, () => tf.Scalar>> = {
    bceT1: () =>
      bceT1(
        student.t1,
        labels.t1,
        labels.t1Mask,
        totals.t1Known,
        positive === null ? null : tf.tensor1d([...positive]),
      ),
    bceT2: () => bceT2(student.t2, labels.t2, labels.t2Mask, totals.t2Known),
    kdT1: () => tf.mul(logitLoss(known().t1, student.t1), totals.share),
    kdT2: () => tf.mul(logitLoss(known().t2, student.t2), totals.share),
    feature: () => tf.mul(featureTerm(method, settings, student, known()), totals.share),
  };
  const terms = termWeights(method, settings).map((term) => ({ ...term, value: formulas[term.name]() }));
  const weighted = terms
    .filter((term) => term.weight !== 0)
    .map((term) => (term.weight === 1 ? term.value : tf.mul<tf.Scalar>(term.value, term.weight)));
  return { loss: weighted.reduce((sum, term) => tf.add(sum, term)), terms };
}
