/** @file One optimiser step over an effective batch given as micro-batches. */
import * as tf from '@tensorflow/tfjs-core';

import type { Method } from '../../../shared/domain/recipe.ts';
import { withMemory, withMemoryToUpdate } from '../engine/out-of-memory.ts';
import { jointLoss, termWeights, type TermName } from '../methods/joint-loss.ts';
import type { MethodSettings } from '../methods/method.ts';
import { neededFeature } from '../methods/needs.ts';
import {
  ADAMW_DEFAULTS,
  adamwUpdate,
  CLIP_EPSILON,
  clipFactor,
  decayFactors,
  gradientNorm,
  movingAverage,
  stepRates,
  unstackRates,
  type AverageSettings,
} from '../optim/adamw.ts';
import type { VitConfig } from '../vit/config.ts';
import { forward, type Normalisation } from '../vit/forward.ts';
import { nameParameters } from '../vit/parameters.ts';
import {
  batchCounts,
  batchRows,
  microTensors,
  namedTensors,
  resizedBatch,
  type MicroBatch,
  type MicroTensors,
} from './micro-batch.ts';
import type { TrainState } from './train-state.ts';

/** What is trained, the same for all steps of a run. */
export interface Objective {
  readonly method: Method;
  readonly loss: MethodSettings;
  readonly normalisation: Normalisation;
  /** Gradients compute again what lies inside a block instead of keeping it. */
  readonly recompute?: boolean;
}

/** How the weights follow their gradients, whatever the loss; a moving average needs a state with one. */
export interface OptimiserSettings extends AverageSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Limit of the global gradient norm; null = off. */
  readonly clipNorm: number | null;
  /** PyTorch's defaults unless given. */
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
}

/** Terms of training with labels, and of pre-training without. */
export type MeasuredTerm = TermName | 'pixels';

export interface TermMeasurement {
  readonly name: MeasuredTerm;
  /** Unweighted. */
  readonly value: number;
  readonly weight: number;
  /** Weighted value / sum of weighted values; 0 when the sum is 0. */
  readonly share: number;
}

export interface StepMeasurements {
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly terms: readonly TermMeasurement[];
}

/** The loss or the gradient is not a finite number: the run cannot go on from here. */
export class NotFiniteError extends Error {
  readonly what: 'loss' | 'gradient';
  constructor(what: 'loss' | 'gradient', step: number) {
    super(
      `Training has diverged: the ${what} of step ${step + 1} is not a finite number. Resumed, the run would come to the same step: ` +
        'start a new one with a lower learning rate, or with gradient clipping.',
    );
    this.name = 'NotFiniteError';
    this.what = what;
  }
}

export interface MicroGradients {
  /** [1 + terms]: the loss, then each term unweighted, in the order of `termWeights`. */
  readonly measured: tf.Tensor1D;
  /** One flat tensor a parameter group. */
  readonly gradients: readonly tf.Tensor[];
}

/**
 * Loss, terms and gradients of one micro-batch; nothing but ops on tensors. `parameters` is one flat tensor a group, `lossScale` a
 * scalar that the gradients (and nothing that is measured) are multiplied by on their way. The caller disposes the result.
 */
export function microGradients(
  parameters: readonly tf.Tensor[],
  config: VitConfig,
  batch: MicroTensors,
  objective: Objective,
  lossScale?: tf.Tensor,
): MicroGradients {
  const blocks = neededFeature(objective.method, objective.loss) !== 'none';
  let terms: tf.Tensor | null = null;
  const { value, grads } = tf.valueAndGrads((...flat: tf.Tensor[]) => {
    const student = forward(nameParameters(flat, config), batch.images, config, objective.normalisation, {
      blocks,
      point: objective.loss.featurePoint,
      recompute: objective.recompute === true,
    });
    const joint = jointLoss(
      objective.method,
      objective.loss,
      student,
      batch.labels,
      batch.teacher,
      batch.totals,
    );
    terms = tf.keep(tf.stack([joint.loss, ...joint.terms.map((term) => term.value)]));
    return scaledLoss(joint.loss, lossScale);
  })([...parameters]);
  value.dispose();
  if (terms === null) throw new Error('the loss was not computed');
  return { measured: terms, gradients: grads };
}

/** The loss whose gradients are asked for. */
export function scaledLoss(loss: tf.Scalar, lossScale: tf.Tensor | undefined): tf.Scalar {
  return lossScale === undefined ? loss : tf.mul(loss, lossScale);
}

/** What is computed from a micro-batch, whatever the loss: `Batch` is its plain arrays, `Fed` its tensors. */
export interface StepWork<Batch, Fed> {
  /** Everything that `batch`, one of the micro-batches `all` of an effective batch, feeds in. Call inside `tf.tidy`. */
  readonly tensors: (batch: Batch, all: readonly Batch[]) => Fed;
  /** Every tensor of `fed` by a name of its own. */
  readonly named: (fed: Fed) => ReadonlyMap<string, tf.Tensor>;
  /**
   * Nothing but ops on tensors. `parameters` is one flat tensor a group; the gradients, and nothing that is measured, are those of
   * the loss times `lossScale`. Call inside `tf.tidy`.
   */
  readonly gradients: (parameters: readonly tf.Tensor[], fed: Fed, lossScale?: tf.Tensor) => MicroGradients;
  /** Names and shares of the terms that a step has measured. */
  readonly terms: (values: readonly number[]) => readonly TermMeasurement[];
  /** `films` films out of `batch`, some of them again where it has too few: an example of a size. */
  readonly resized: (batch: Batch, films: number) => Batch;
  /** The films `from` … `to` − 1 of `batch`. */
  readonly rows: (batch: Batch, from: number, to: number) => Batch;
}

/** Training with labels, by any method but `pretrain`. */
export function labelledWork(config: VitConfig, objective: Objective): StepWork<MicroBatch, MicroTensors> {
  const kind = neededFeature(objective.method, objective.loss);
  return {
    tensors: (batch, all) => microTensors(batch, batchCounts(all), config, kind),
    named: namedTensors,
    gradients: (parameters, fed, lossScale) => microGradients(parameters, config, fed, objective, lossScale),
    terms: (values) => termMeasurements(objective, values),
    resized: resizedBatch,
    rows: batchRows,
  };
}

/** Loss, terms and gradients of one micro-batch at the state's weights. Run inside `tf.tidy`. */
type MicroStep = () => MicroGradients;

/** Gradients of an effective batch: micro-batches summed. */
async function accumulate(
  state: TrainState,
  micro: readonly MicroStep[],
  between: () => Promise<void>,
): Promise<{ readonly measured: readonly number[]; readonly gradients: readonly tf.Tensor[] }> {
  let total: readonly tf.Tensor[] = [];
  let measured: readonly number[] = [];
  try {
    for (const compute of micro) {
      let gradients: readonly tf.Tensor[] = [];
      const read = withMemory(() =>
        tf.tidy(() => {
          const result = compute();
          gradients = result.gradients.map((gradient, index) => {
            const before = total[index];
            return tf.keep(before === undefined ? gradient : tf.add(before, gradient));
          });
          return result.measured;
        }),
      );
      const values = [...read.dataSync<'float32'>()];
      read.dispose();
      tf.dispose([...total]);
      total = gradients;
      measured = values.map((value, index) => value + (measured[index] ?? 0));
      if (!Number.isFinite(values[0])) throw new NotFiniteError('loss', state.step);
      await between();
    }
  } catch (error) {
    tf.dispose([...total]);
    throw error;
  }
  return { measured, gradients: total };
}

/** Applies clip, AdamW and moving average to `state`. Returns the norm before clipping; disposes `gradients`. */
function applyGradients(
  state: TrainState,
  gradients: readonly tf.Tensor[],
  settings: OptimiserSettings,
): number {
  const [beta1, beta2] = settings.betas ?? [ADAMW_DEFAULTS.beta1, ADAMW_DEFAULTS.beta2];
  const epsilon = settings.epsilon ?? ADAMW_DEFAULTS.epsilon;
  const { weightDecay, clipNorm, emaDecay } = settings;
  const norm = tf.tidy(() => gradientNorm(gradients));
  const gradNorm = norm.dataSync<'float32'>()[0] ?? Number.NaN;
  if (!Number.isFinite(gradNorm)) {
    tf.dispose([norm, ...gradients]);
    throw new NotFiniteError('gradient', state.step);
  }
  const rates = stepRates({ ...settings, beta1, beta2 }, state.step + 1);
  const [stepSize, correction, decay, averaged] = tf.tidy(() => unstackRates(tf.tensor1d(rates)));
  // A factor of 1 changes nothing.
  const clips = clipNorm !== null && gradNorm + CLIP_EPSILON > clipNorm;
  const factor = clips ? tf.tidy(() => clipFactor(norm, clipNorm)) : null;
  const factors = new Map<tf.Tensor, tf.Tensor>();
  if (weightDecay !== 0) {
    for (const mask of new Set(state.decayMasks)) factors.set(mask, decayFactors(mask, decay));
  }
  gradients.forEach((gradient, index) => {
    const now = state.group(index);
    const clipped = factor === null ? gradient : tf.mul(gradient, factor);
    const updated = adamwUpdate(
      now,
      clipped,
      factors.get(now.decayMask) ?? null,
      { stepSize, correction },
      { beta1, beta2, epsilon },
    );
    const ema =
      now.ema === null || emaDecay === null ? null : movingAverage(now.ema, updated.parameters, averaged);
    tf.dispose([gradient, clipped]);
    state.replaceGroup(index, { ...updated, ...(ema === null ? {} : { ema }) });
  });
  state.step += 1;
  tf.dispose([norm, stepSize, correction, decay, averaged, ...factors.values()]);
  factor?.dispose();
  return gradNorm;
}

/** Names, weights and shares for summed term values. */
function termMeasurements(objective: Objective, values: readonly number[]): readonly TermMeasurement[] {
  return sharesOf(termWeights(objective.method, objective.loss), values);
}

/** Each term's share of the weighted sum. */
export function sharesOf(
  weights: readonly { readonly name: MeasuredTerm; readonly weight: number }[],
  values: readonly number[],
): readonly TermMeasurement[] {
  const terms = weights.map((term, index) => ({ ...term, value: values[index] ?? Number.NaN }));
  const sum = terms.reduce((total, { value, weight }) => total + value * weight, 0);
  return terms.map((term) => ({ ...term, share: sum === 0 ? 0 : (term.value * term.weight) / sum }));
}

/**
 * One whole step of `work`: gradients of all micro-batches summed, then clip, AdamW, moving average.
 * `between` is awaited after each micro-batch so that a process can read its messages.
 * @throws NotFiniteError, OutOfMemoryError and leaves `state` as it was; ServiceError OUT_OF_MEMORY in the middle of the update.
 */
export async function stepOf<Batch, Fed>(
  work: StepWork<Batch, Fed>,
  state: TrainState,
  batches: readonly Batch[],
  settings: OptimiserSettings,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<StepMeasurements> {
  if (batches.length === 0) throw new Error('an effective batch needs at least one film');
  const micro = batches.map(
    (batch) => () => work.gradients(state.tensors('parameters'), work.tensors(batch, batches)),
  );
  const { measured, gradients } = await accumulate(state, micro, between);
  const [loss = Number.NaN, ...values] = measured;
  const gradNorm = withMemoryToUpdate(() => applyGradients(state, gradients, settings));
  return { loss, gradNorm, terms: work.terms(values) };
}
