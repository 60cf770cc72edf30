/** @file A step of training with labels, as tests take it. */
import type { MicroBatch } from '../../main/numeric/train/micro-batch.ts';
import type { TrainState } from '../../main/numeric/train/train-state.ts';
import {
  labelledWork,
  stepOf,
  type Objective,
  type OptimiserSettings,
  type StepMeasurements,
} from '../../main/numeric/train/train-step.ts';

export interface StepSettings extends Objective, OptimiserSettings {}

/** `stepOf` training with labels. @throws NotFiniteError and leaves `state` as it was. */
export async function trainStep(
  state: TrainState,
  batches: readonly MicroBatch[],
  settings: StepSettings,
  between?: () => Promise<void>,
): Promise<StepMeasurements> {
  return await stepOf(labelledWork(state.config, settings), state, batches, settings, between);
}
