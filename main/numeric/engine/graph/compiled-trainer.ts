/**
 * @file Takes optimiser steps by the compiled step in place of `stepOf`, where the library and the model allow it. The first micro-batch is
 * computed both ways; where they disagree, or something cannot be compiled, the run goes on eagerly and is told why.
 */
import * as tf from '@tensorflow/tfjs-core';

import type { Precision } from '../../../../shared/domain/recipe.ts';
import { ADAMW_DEFAULTS, gradientNorm, stepRates } from '../../optim/adamw.ts';
import type { TrainState } from '../../train/train-state.ts';
import {
  NotFiniteError,
  type OptimiserSettings,
  type StepMeasurements,
  type StepWork,
} from '../../train/train-step.ts';
import { OutOfMemoryError, withMemory } from '../out-of-memory.ts';
import { CompiledStep, type Micro } from './compiled-step.ts';
import type { NativeBackend } from './recorder.ts';

/** How far the loss and the gradients' norm of the first micro-batch may be from the eager ones, relative. */
const AGREE: Readonly<Record<Precision, number>> = { single: 1e-4, mixed: 5e-2 };

export interface TrainerOptions<Batch, Fed> {
  readonly state: TrainState;
  readonly work: StepWork<Batch, Fed>;
  /** Films of micro-batches, every size that can come. */
  readonly sizes: readonly number[];
  readonly precision?: Precision;
  /** Told once, when steps are taken in single precision though mixed was asked for. */
  readonly onSingle?: (why: string) => void;
  /** Told once, when steps are taken eagerly. */
  readonly onEager: (why: string) => void;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** 0 where both are not a number: the step says so itself. */
function relativeDifference(value: number, wanted: number): number {
  return Object.is(value, wanted) ? 0 : Math.abs(value - wanted) / Math.abs(wanted);
}

export class CompiledTrainer<Batch extends { readonly films: number }, Fed> {
  readonly #options: TrainerOptions<Batch, Fed>;
  /** Undefined before the first step; null = eagerly. */
  #compiled: CompiledStep<Fed> | null | undefined;
  /** The session is ahead of the state. */
  #ahead = false;

  constructor(options: TrainerOptions<Batch, Fed>) {
    this.#options = options;
  }

  /**
   * One step as `stepOf` takes it, or null: then the caller takes it eagerly.
   * @throws NotFiniteError, OutOfMemoryError and leaves the weights as they were
   */
  async step(
    batches: readonly Batch[],
    settings: OptimiserSettings,
    between: () => Promise<void>,
  ): Promise<StepMeasurements | null> {
    const { state, work } = this.#options;
    const [first] = batches;
    if (this.#compiled === undefined) {
      this.#compiled = first === undefined ? null : this.#compile(first, batches, settings);
    }
    const compiled = this.#compiled;
    if (compiled === null) return null;
    let sums: readonly number[] = [];
    for (const batch of batches) {
      const measured = withMemory(() => tf.tidy(() => compiled.micro(this.#micro(batch, batches))));
      sums = [...measured].map((value, at) => value + (sums[at] ?? 0));
      if (!Number.isFinite(measured[0])) throw new NotFiniteError('loss', state.step);
      await between();
    }
    const gradNorm = compiled.gradientNorm();
    if (!Number.isFinite(gradNorm)) throw new NotFiniteError('gradient', state.step);
    const { learningRate, weightDecay, betas, epsilon = ADAMW_DEFAULTS.epsilon } = settings;
    const [beta1, beta2] = betas ?? [ADAMW_DEFAULTS.beta1, ADAMW_DEFAULTS.beta2];
    compiled.apply(stepRates({ learningRate, weightDecay, beta1, beta2, epsilon }, state.step + 1));
    state.step += 1;
    this.#ahead = true;
    const [loss = Number.NaN, ...values] = sums;
    return { loss, gradNorm, terms: work.terms(values) };
  }

  /** Brings the state up to what the session holds. */
  settle(): void {
    const { state } = this.#options;
    if (!this.#ahead || !(this.#compiled instanceof CompiledStep)) return;
    for (const kind of ['parameters', 'm', 'v', ...(state.hasEma ? (['ema'] as const) : [])] as const) {
      this.#compiled.values(kind).forEach((values, at) => {
        state.replaceGroup(at, { [kind]: tf.tensor1d(values) });
      });
    }
    this.#ahead = false;
  }

  /** Lets go of the session; what the state has not been brought up to is lost. */
  dispose(): void {
    this.#compiled?.dispose();
    this.#compiled = null;
  }

  #micro(batch: Batch, all: readonly Batch[]): Micro<Fed> {
    return { films: batch.films, fed: this.#options.work.tensors(batch, all) };
  }

  /** Null when steps are to be taken eagerly. */
  #compile(first: Batch, all: readonly Batch[], settings: OptimiserSettings): CompiledStep<Fed> | null {
    const { precision = 'single', onSingle, onEager } = this.#options;
    try {
      return this.#compiledIn(precision, first, all, settings);
    } catch (error) {
      if (error instanceof OutOfMemoryError) throw error;
      if (precision === 'single') {
        onEager(words(error));
        return null;
      }
      onSingle?.(words(error));
    }
    try {
      return this.#compiledIn('single', first, all, settings);
    } catch (error) {
      if (error instanceof OutOfMemoryError) throw error;
      onEager(words(error));
      return null;
    }
  }

  /** @throws RecordingError, OutOfMemoryError, Error where it does not agree with the eager step */
  #compiledIn(
    precision: Precision,
    first: Batch,
    all: readonly Batch[],
    settings: OptimiserSettings,
  ): CompiledStep<Fed> {
    const { state, work, sizes } = this.#options;
    const backend = tf.backend() as unknown as NativeBackend;
    const { learningRate: _rate, ...optimiser } = settings;
    const scope: { made: CompiledStep<Fed> | null; difference: number } = {
      made: null,
      difference: Number.NaN,
    };
    try {
      withMemory(() =>
        tf.tidy(() => {
          const examples = sizes.map((films) => this.#micro(work.resized(first, films), all));
          const compiled = new CompiledStep(backend, state, examples, { work, optimiser, precision });
          scope.made = compiled;
          const micro = this.#micro(first, all);
          const loss = compiled.micro(micro)[0] ?? Number.NaN;
          const eager = work.gradients(state.tensors('parameters'), micro.fed);
          const [wanted = Number.NaN] = eager.measured.dataSync<'float32'>();
          const [norm = Number.NaN] = gradientNorm(eager.gradients).dataSync<'float32'>();
          tf.dispose([eager.measured, ...eager.gradients]);
          scope.difference = Math.max(
            relativeDifference(loss, wanted),
            relativeDifference(compiled.gradientNorm(), norm),
          );
          compiled.assign(state); // what the comparison has added is gone
        }),
      );
      const { made, difference } = scope;
      if (made === null || !(difference <= AGREE[precision])) {
        throw new Error(`its loss or gradient is off by ${difference}`);
      }
      return made;
    } catch (error) {
      scope.made?.dispose();
      throw error;
    }
  }
}
