/** @file The sample study: what it trains, in order, and how much of the whole each step is. */
import type { RunRequest } from '../../../shared/contract/training.ts';
import type { SampleProgress } from '../../../shared/contract/sample.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { SplitRequest } from '../../../shared/contract/library.ts';
import { requestOf } from '../training/training-service.ts';

export type SampleStep = SampleProgress['step'];

/** Shares of the study's time on two processor cores; the runs' is divided evenly. They sum to 1. */
const SHARES: readonly (readonly [SampleStep, number])[] = [
  ['import', 0.05],
  ['split', 0],
  ['runs', 0.88],
  ['overlays', 0.05],
  ['report', 0.02],
];

/** Where the study stands, 0..1, when `within` (0..1) of `step` is done. */
export function fractionOf(step: SampleStep, within: number): number {
  if (step === 'done') return 1;
  const at = SHARES.findIndex(([name]) => name === step);
  const before = SHARES.slice(0, at).reduce((sum, [, share]) => sum + share, 0);
  return before + (SHARES[at]?.[1] ?? 0) * within;
}

const SEED = 1;
const model = 'tiny';
const preset = 'quick';
/** More than a first look: three runs fit ten minutes on two processor cores. */
const recipe = { epochs: 10 };
/** Start weights that come with the app: with as few films as these a random start learns next to nothing. */
const init = 'bundled-vit-tiny-cxr';

/**
 * The sample films come with their test part. A fifth of the rest is for validation: with a tenth (10 films) the best epoch
 * is chosen by chance.
 */
export const SAMPLE_SPLIT: SplitRequest = {
  name: 'Sample study',
  seed: SEED,
  validation: 0.2,
  test: 0.2,
  useGivenParts: true,
};

/** Teacher at 224, the student without a teacher, the student by MLCAK: the smallest comparison that says something. */
export const SAMPLE_RUNS: readonly ((teacher: RunId | null) => RunRequest)[] = [
  () => requestOf({ method: 'teacher', model, resolution: 224, preset, recipe, init, seed: SEED }),
  () => requestOf({ method: 'none', model, resolution: 28, preset, recipe, init, seed: SEED }),
  (teacher) =>
    requestOf({
      method: 'mlcak',
      model,
      resolution: 28,
      preset,
      recipe,
      init,
      seed: SEED,
      teacherRunId: teacher,
    }),
];

/** Test films whose overlays are made ahead, so that the reading room shows them at once. */
export const OVERLAY_FILMS = 8;
