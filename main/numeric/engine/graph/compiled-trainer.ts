/**
 * @file Takes optimiser steps by the compiled step in place of `trainStep`, where the library and the model allow it. The first micro-batch is
 * computed both ways; where they disagree, or something cannot be compiled, the run goes on eagerly and is told why.
 */
import { rmSync } from 'node:fs';

import * as tf from '@tensorflow/tfjs-core';

import { neededFeature } from '../../methods/needs.ts';
import { ADAMW_DEFAULTS, stepRates } from '../../optim/adamw.ts';
import {
  batchCounts,
  microTensors,
  type BatchCounts,
  type MicroBatch,
  type MicroTensors,
} from '../../train/micro-batch.ts';
import type { TrainState } from '../../train/train-state.ts';
import {
  microGradients,
  NotFiniteError,
  termMeasurements,
  type StepMeasurements,
  type StepSettings,
} from '../../train/train-step.ts';
import { CompiledStep } from './compiled-step.ts';
import type { NativeBackend } from './recorder.ts';

/** How far the loss of the first micro-batch may be from the eager one, relative. */
const AGREE = 1e-4;

export interface TrainerOptions {
  readonly state: TrainState;
  /** A folder for as long as it takes to load the graph. */
  readonly dir: string;
  /** Films of micro-batches, every size that can come. */
  readonly sizes: readonly number[];
  /** Told once, when steps are taken eagerly. */
  readonly onEager: (why: string) => void;
}

/** `films` films out of a batch, its own again where it has too few. */
function resized(batch: MicroBatch, films: number): MicroBatch {
  const fit = (values: Float32Array): Float32Array => {
    const each = values.length / batch.films;
    return Float32Array.from({ length: films * each }, (_, at) => values[at % values.length] ?? 0);
  };
  const { teacher } = batch;
  return {
    films,
    images: fit(batch.images),
    t1: fit(batch.t1),
    t2: fit(batch.t2),
    teacher: teacher && {
      t1: fit(teacher.t1),
      t2: fit(teacher.t2),
      feature: teacher.feature && fit(teacher.feature),
    },
  };
}

export class CompiledTrainer {
  readonly #options: TrainerOptions;
  /** Undefined before the first step; null = eagerly. */
  #compiled: CompiledStep | null | undefined;
  /** The session is ahead of the state. */
  #ahead = false;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /**
   * One step as `trainStep` takes it, or null: then the caller takes it eagerly.
   * @throws NotFiniteError and leaves the weights as they were
   */
  async step(
    batches: readonly MicroBatch[],
    settings: StepSettings,
    between: () => Promise<void>,
  ): Promise<StepMeasurements | null> {
    const { state } = this.#options;
    const counts = batchCounts(batches);
    const [first] = batches;
    if (this.#compiled === undefined) {
      this.#compiled = first === undefined ? null : this.#compile(first, counts, settings);
    }
    const compiled = this.#compiled;
    if (compiled === null) return null;
    let sums: readonly number[] = [];
    for (const batch of batches) {
      const measured = tf.tidy(() => compiled.micro(this.#tensors(batch, counts, settings)));
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
    return { loss, gradNorm, terms: termMeasurements(settings, values) };
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

  dispose(): void {
    this.#compiled?.dispose();
    this.#compiled = null;
  }

  #tensors(batch: MicroBatch, counts: BatchCounts, settings: StepSettings): MicroTensors {
    return microTensors(
      batch,
      counts,
      this.#options.state.config,
      neededFeature(settings.method, settings.loss),
    );
  }

  /** Null when steps are to be taken eagerly. */
  #compile(first: MicroBatch, counts: BatchCounts, settings: StepSettings): CompiledStep | null {
    const { state, dir, sizes, onEager } = this.#options;
    const backend = tf.backend() as unknown as NativeBackend;
    const { method, loss, normalisation, learningRate: _rate, ...optimiser } = settings;
    const objective = { method, loss, normalisation };
    const scope: { made: CompiledStep | null; difference: number } = { made: null, difference: Number.NaN };
    try {
      tf.tidy(() => {
        const examples = sizes.map((films) => this.#tensors(resized(first, films), counts, settings));
        const compiled = new CompiledStep(backend, dir, state, examples, { objective, optimiser });
        scope.made = compiled;
        const tensors = this.#tensors(first, counts, settings);
        const own = compiled.micro(tensors)[0] ?? Number.NaN;
        const eager = microGradients(state.tensors('parameters'), state.config, tensors, objective);
        const wanted = eager.measured.dataSync<'float32'>()[0] ?? Number.NaN;
        tf.dispose([eager.measured, ...eager.gradients]);
        // Both not a number: the step says so itself.
        scope.difference = Object.is(own, wanted) ? 0 : Math.abs(own - wanted) / Math.abs(wanted);
        compiled.assign(state); // what the comparison has added is gone
      });
      if (!(scope.difference <= AGREE)) throw new Error(`its loss is off by ${scope.difference}`);
      return scope.made;
    } catch (error) {
      scope.made?.dispose();
      onEager(error instanceof Error ? error.message : String(error));
      return null;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
}
