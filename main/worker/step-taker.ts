/** @file Takes the optimiser steps of a run: as one compiled graph where that is worth it and works, else one operation after another. */
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { CompiledTrainer } from '../numeric/engine/graph/compiled-trainer.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import {
  stepOf,
  type OptimiserSettings,
  type StepMeasurements,
  type StepWork,
} from '../numeric/train/train-step.ts';
import { chosenEngine } from './graph-choice.ts';
import { microSizes } from './lesson.ts';
import { warn, type RunHost } from './run-host.ts';
import { shrinkingSteps } from './shrinking-steps.ts';

export interface StepTaker<Batch> {
  /** One optimiser step over an effective batch. @throws NotFiniteError */
  readonly step: (batches: readonly Batch[], settings: OptimiserSettings) => Promise<StepMeasurements>;
  /** Lets go of what the steps needed; the state has its values again. */
  readonly giveBack: () => void;
  /** Lets go of what the steps needed, the values of the state with it. */
  readonly dispose: () => void;
}

/** `compiled` null = eagerly, one operation after another. */
export function stepTaker<Batch extends { readonly films: number }, Fed>(
  state: TrainState,
  work: StepWork<Batch, Fed>,
  compiled: CompiledTrainer<Batch, Fed> | null,
  between: () => Promise<void>,
): StepTaker<Batch> {
  return {
    step: async (batches, settings) =>
      (await compiled?.step(batches, settings, between)) ??
      (await stepOf(work, state, batches, settings, between)),
    giveBack: () => compiled?.giveBack(),
    dispose: () => compiled?.dispose(),
  };
}

/** Compiling costs what some dozens of micro-batches gain. */
const WORTH_COMPILING = 60;

/** The answer is the same when a run is resumed. */
function compilesStep(
  { epochs, batch, microBatch, precision }: RunPlan['config']['recipe'],
  trainFilms: number,
): boolean {
  const micro = Math.ceil(Math.min(batch, trainFilms) / microBatch) * Math.ceil(trainFilms / batch) * epochs;
  const asked = chosenEngine();
  if (asked !== null) return asked === 'graph';
  return precision !== 'single' || micro >= WORTH_COMPILING; // only a graph can mix
}

/** Films of micro-batches of `sizes` when they are cut into pieces of at most `most`. */
function splitSizes(sizes: readonly number[], most: number): readonly number[] {
  const cut = sizes.flatMap((size) => (size <= most ? [size] : [most, size % most]));
  return [...new Set(cut)].filter((size) => size > 0);
}

/** The steps of a planned run on `trainFilms` films. */
export function plannedSteps<Batch extends { readonly films: number }, Fed>(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  work: StepWork<Batch, Fed>,
  trainFilms: number,
): StepTaker<Batch> {
  const { recipe } = plan.config;
  const compiles = compilesStep(recipe, trainFilms);
  const stepsOf = (most: number): StepTaker<Batch> => {
    const compiled = !compiles
      ? null
      : new CompiledTrainer({
          state,
          work,
          precision: recipe.precision,
          sizes: splitSizes(microSizes(trainFilms, recipe), most),
          onSingle: (why) =>
            warn(
              host,
              `Training goes on in single precision, since mixed precision is too rough here: ${why}.`,
            ),
          onEager: (why) =>
            warn(host, `Training goes on without its compiled step, which is slower: ${why}.`),
        });
    return stepTaker(state, work, compiled, host.between);
  };
  return shrinkingSteps({
    work,
    microBatch: Math.min(recipe.microBatch, trainFilms),
    stepsOf,
    onShrink: (films) =>
      warn(
        host,
        `The memory of the device does not suffice: training goes on with ${films} film${films === 1 ? '' : 's'} at once. The result stays the same.`,
      ),
  });
}
