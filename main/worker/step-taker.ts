/** @file Takes the optimiser steps of a run: as one compiled graph where that is worth it and works, else one operation after another. */
import type { StepsTaken } from '../../shared/domain/steps-taken.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import { CompiledTrainer } from '../numeric/engine/graph/compiled-trainer.ts';
import { worthCompiling } from '../numeric/engine/worth-compiling.ts';
import type { TrainState } from '../numeric/train/train-state.ts';
import {
  stepOf,
  type OptimiserSettings,
  type StepMeasurements,
  type StepWork,
} from '../numeric/train/train-step.ts';
import { chosenEngine } from './graph-choice.ts';
import { microSizes } from './micro-parts.ts';
import { warn, type RunHost } from './run-host.ts';
import type { StepChoice } from './step-choice.ts';
import { shrinkingSteps, type StepSize } from './shrinking-steps.ts';

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

/** Films of micro-batches of `sizes` when they are cut into pieces of at most `most`. */
function splitSizes(sizes: readonly number[], most: number): readonly number[] {
  const cut = sizes.flatMap((size) => (size <= most ? [size] : [most, size % most]));
  return [...new Set(cut)].filter((size) => size > 0);
}

/** In words that a person reads while the run goes on. */
function shrunk({ microBatch, recompute }: StepSize): string {
  const films = `${microBatch} film${microBatch === 1 ? '' : 's'} at once`;
  return recompute ? `${films}, computing again what is not kept` : films;
}

/** The steps of a planned run on `trainFilms` films, taken as `choice` says; `workOf` makes its work with or without recomputation. */
export function plannedSteps<Batch extends { readonly films: number }, Fed>(
  plan: RunPlan,
  host: RunHost,
  state: TrainState,
  workOf: (recompute: boolean) => StepWork<Batch, Fed>,
  trainFilms: number,
  choice: StepChoice,
): StepTaker<Batch> {
  const { recipe } = plan.config;
  const asked = chosenEngine();
  const compiles = asked === null ? worthCompiling(recipe, trainFilms) : asked === 'graph';
  const decided = (): StepsTaken | null => {
    const before = choice.taken;
    if (before !== null && (asked === null || asked === before.engine)) return before;
    const why = asked === 'eager' ? 'CHESTLIGHT_ENGINE is eager' : null;
    return compiles ? null : { precision: 'single', engine: 'eager', why };
  };
  const stepsOf = ({ microBatch, recompute }: StepSize): StepTaker<Batch> => {
    const work = workOf(recompute);
    const compiled = new CompiledTrainer({
      state,
      work,
      precision: recipe.precision,
      sizes: splitSizes(microSizes(trainFilms, recipe), microBatch),
      decided,
      onTaken: (taken) => choice.tell(taken),
      onSingle: (why) =>
        warn(host, `Training goes on in single precision, since mixed precision is too rough here: ${why}.`),
      onEager: (why) => warn(host, `Training goes on without its compiled step, which is slower: ${why}.`),
    });
    return stepTaker(state, work, compiled, host.between);
  };
  return shrinkingSteps({
    work: workOf(recipe.recompute),
    size: { microBatch: Math.min(recipe.microBatch, trainFilms), recompute: recipe.recompute },
    stepsOf,
    onShrink: (size) =>
      warn(
        host,
        `The memory of the device does not suffice: training goes on with ${shrunk(size)}. The result stays the same.`,
      ),
  });
}
