/**
 * @file Takes optimiser steps by the compiled step in place of `stepOf`, where the library and the model allow it. The first micro-batch of each size is
 * computed both ways; where they disagree, or something cannot be compiled, the run goes on eagerly and is told why. What was decided before
 * (in the process that a run is resumed from) is not decided again: another first batch could lead to another precision, and to other weights.
 */
import * as tf from '@tensorflow/tfjs-core';

import type { Precision } from '../../../../shared/domain/recipe.ts';
import type { StepsTaken } from '../../../../shared/domain/steps-taken.ts';
import { ADAMW_DEFAULTS, stepRates } from '../../optim/adamw.ts';
import type { TrainState } from '../../train/train-state.ts';
import {
  NotFiniteError,
  type OptimiserSettings,
  type StepMeasurements,
  type StepWork,
} from '../../train/train-step.ts';
import { OutOfMemoryError, withMemory, withMemoryToUpdate } from '../out-of-memory.ts';
import { CompiledStep, type Micro } from './compiled-step.ts';
import { LOSS_SCALE } from './mixed-precision.ts';
import type { NativeBackend } from './recorder.ts';

/** How far the loss and the gradients' norm of the first micro-batches may be from the eager ones, relative. */
export const AGREE: Readonly<Record<Precision, number>> = { single: 1e-4, mixed: 5e-2, 'mixed-f16': 5e-2 };

export interface TrainerOptions<Batch, Fed> {
  readonly state: TrainState;
  readonly work: StepWork<Batch, Fed>;
  /** Films of micro-batches, every size that can come. */
  readonly sizes: readonly number[];
  readonly precision?: Precision;
  /** `AGREE` unless given. */
  readonly agree?: Readonly<Record<Precision, number>>;
  /** Asked at the first step: how the run's steps are taken; null = it is decided now. */
  readonly decided?: () => StepsTaken | null;
  /** Told at the first step. */
  readonly onTaken?: (taken: StepsTaken) => void;
  /** Told once, when steps are taken in single precision though mixed was asked for. */
  readonly onSingle?: (why: string) => void;
  /** Told once, when steps are taken eagerly that should not be. */
  readonly onEager: (why: string) => void;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** 0 where both are not a number: the step says so itself. */
function relativeDifference(value: number, wanted: number): number {
  return Object.is(value, wanted) ? 0 : Math.abs(value - wanted) / Math.abs(wanted);
}

/** How far the graph is from what was computed when it was recorded. */
function differenceOf<Fed>(compiled: CompiledStep<Fed>, micro: Micro<Fed>): number {
  const recorded = compiled.recorded.get(micro.films);
  if (recorded === undefined) throw new Error(`no micro-batch of ${micro.films} films was recorded`);
  let [loss, gradNorm] = [Number.NaN, Number.NaN];
  for (const scale of lossScales(compiled)) {
    loss = compiled.micro(micro, true, scale)[0] ?? Number.NaN;
    gradNorm = compiled.gradientNorm();
    compiled.emptyGradients();
    if (Number.isFinite(gradNorm)) break;
  }
  return Math.max(relativeDifference(loss, recorded.loss), relativeDifference(gradNorm, recorded.gradNorm));
}

/** What the loss is multiplied by, one after the other until no gradient is too large. */
function lossScales({ scalesLoss }: Pick<CompiledStep<never>, 'scalesLoss'>): readonly number[] {
  const halvings = scalesLoss ? Math.log2(LOSS_SCALE) : 0;
  return Array.from({ length: halvings + 1 }, (_, at) => LOSS_SCALE / 2 ** at);
}

export class CompiledTrainer<Batch extends { readonly films: number }, Fed> {
  readonly #options: TrainerOptions<Batch, Fed>;
  /** Undefined before the first step; null = eagerly. While there is one, it keeps the state's values. */
  #compiled: CompiledStep<Fed> | null | undefined;

  constructor(options: TrainerOptions<Batch, Fed>) {
    this.#options = options;
  }

  /**
   * One step as `stepOf` takes it, or null: then the caller takes it eagerly.
   * @throws NotFiniteError, OutOfMemoryError and leaves the weights as they were; ServiceError OUT_OF_MEMORY in the middle of the update
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
      if (this.#compiled !== null) state.keepIn(this.#compiled);
    }
    const compiled = this.#compiled;
    if (compiled === null) return null;
    const { sums, gradNorm } = await this.#summed(compiled, batches, between);
    const [beta1, beta2] = settings.betas ?? [ADAMW_DEFAULTS.beta1, ADAMW_DEFAULTS.beta2];
    const rates = stepRates({ ...settings, beta1, beta2 }, state.step + 1);
    withMemoryToUpdate(() => compiled.apply(rates));
    state.step += 1;
    state.changed();
    const [loss = Number.NaN, ...values] = sums;
    return { loss, gradNorm, terms: work.terms(values) };
  }

  /** The gradients of all micro-batches, summed in the session. @throws NotFiniteError */
  async #summed(
    compiled: CompiledStep<Fed>,
    batches: readonly Batch[],
    between: () => Promise<void>,
  ): Promise<{ readonly sums: readonly number[]; readonly gradNorm: number }> {
    const { step } = this.#options.state;
    for (const scale of lossScales(compiled)) {
      let sums: readonly number[] = [];
      for (const [at, batch] of batches.entries()) {
        const measured = withMemory(() =>
          tf.tidy(() => compiled.micro(this.#micro(batch, batches), at === 0, scale)),
        );
        sums = [...measured].map((value, term) => value + (sums[term] ?? 0));
        if (!Number.isFinite(measured[0])) throw new NotFiniteError('loss', step);
        await between();
      }
      const gradNorm = compiled.gradientNorm();
      if (Number.isFinite(gradNorm)) return { sums, gradNorm };
      compiled.emptyGradients();
    }
    throw new NotFiniteError('gradient', step);
  }

  /** The state has its values again, and the session is let go of. */
  giveBack(): void {
    const compiled = this.#compiled ?? null;
    this.#compiled = null;
    if (compiled !== null) this.#options.state.takeBack(() => compiled.dispose());
  }

  /** Lets go of the session and of the values that it keeps. */
  dispose(): void {
    this.#compiled?.dispose();
    this.#compiled = null;
  }

  #micro(batch: Batch, all: readonly Batch[]): Micro<Fed> {
    return { films: batch.films, fed: this.#options.work.tensors(batch, all) };
  }

  /** Null when steps are to be taken eagerly. */
  #compile(first: Batch, all: readonly Batch[], settings: OptimiserSettings): CompiledStep<Fed> | null {
    const { precision: asked = 'single', decided, onSingle, onEager, onTaken } = this.#options;
    const before = decided?.() ?? null;
    if (before?.engine === 'eager') {
      onTaken?.(before);
      return null;
    }
    const candidates: readonly Precision[] =
      before !== null ? [before.precision] : asked === 'single' ? [asked] : [asked, 'single'];
    let why: string | null = before?.why ?? null;
    for (const precision of candidates) {
      try {
        const compiled = this.#compiledIn(precision, before === null, first, all, settings);
        if (before === null && precision !== asked && why !== null) onSingle?.(why);
        onTaken?.({ precision, engine: 'graph', why });
        return compiled;
      } catch (error) {
        if (error instanceof OutOfMemoryError) throw error;
        why = words(error);
      }
    }
    if (why !== null) onEager(why);
    onTaken?.({ precision: 'single', engine: 'eager', why });
    return null;
  }

  /** @throws RecordingError, OutOfMemoryError, Error where it `isCompared` to the eager step and does not agree */
  #compiledIn(
    precision: Precision,
    isCompared: boolean,
    first: Batch,
    all: readonly Batch[],
    settings: OptimiserSettings,
  ): CompiledStep<Fed> {
    const { state, work, sizes, agree = AGREE } = this.#options;
    const backend = tf.backend() as unknown as NativeBackend;
    const { learningRate: _rate, ...optimiser } = settings;
    const scope: { made: CompiledStep<Fed> | null; difference: number } = {
      made: null,
      difference: isCompared ? Number.NaN : 0,
    };
    try {
      withMemory(() =>
        tf.tidy(() => {
          const examples = sizes.map((films) => this.#micro(work.resized(first, films), all));
          const compiled = new CompiledStep(backend, state, examples, { work, optimiser, precision });
          scope.made = compiled;
          if (isCompared)
            scope.difference = Math.max(...examples.map((micro) => differenceOf(compiled, micro)));
        }),
      );
      const { made, difference } = scope;
      if (made === null || !(difference <= agree[precision])) {
        throw new Error(`its loss or gradient is off by ${difference}`);
      }
      return made;
    } catch (error) {
      scope.made?.dispose();
      throw error;
    }
  }
}
