/** @file Every metric of one binary task: ranking, probabilities, curves, and the operating point chosen on validation. */
import type { Interval } from '../../../shared/contract/base.ts';
import type { TaskMetrics } from '../../../shared/contract/evaluation.ts';
import type { UncertainBand } from '../../../shared/contract/uncertain-band.ts';
import { delong } from '../../numeric/metrics/auroc.ts';
import { countPositives, type BinaryScores } from '../../numeric/metrics/binary-scores.ts';
import { precisionRecallCurve, rocCurve, thinCurve } from '../../numeric/metrics/curves.ts';
import type { Proportion } from '../../numeric/metrics/normal-distribution.ts';
import {
  operatingPoint,
  sensitivityThreshold,
  specificityThreshold,
  youdenThreshold,
} from '../../numeric/metrics/operating-point.ts';
import {
  averagePrecision,
  brier,
  calibrationBins,
  expectedCalibrationError,
} from '../../numeric/metrics/probability-scores.ts';
import type { TaskScores } from './part-scores.ts';

/** Films of a class below which a task's figures say little. */
export const FEW_FILMS = 10;
/** Too few films of a class for figures that say much. */
export const isUnstable = (positives: number, n: number): boolean =>
  Math.min(positives, n - positives) < FEW_FILMS;
/** Points of a curve that are kept for drawing. */
const CURVE_POINTS = 200;
export const OPERATING_RULE = "Youden's J on validation";
/** Of a model from elsewhere, which brings thresholds of its own. */
const FITTED_HERE = "Youden's J on this library's validation part";

/** What was chosen where a model from elsewhere was made, by finding, `abnormal` for T2. */
export type CarriedPoints = ReadonlyMap<string, { readonly threshold: number; readonly rule: string }>;
/** Sensitivities for which a threshold is chosen on validation, beside Youden's. */
export const FIXED_SENSITIVITIES: readonly number[] = [0.9, 0.95];

/** Films whose label is known. */
export function knownOnly({ labels, scores }: TaskScores): BinaryScores {
  const known = [...labels.keys()].filter((film) => labels[film] !== null);
  return {
    labels: known.map((film) => labels[film] ?? 0),
    scores: known.map((film) => scores[film] ?? Number.NaN),
  };
}

const plain = ({ value, ci }: Proportion): Interval => ({ value, ci: ci === null ? null : [...ci] });

/**
 * AUROC has DeLong's interval. Thresholds are chosen on `validation` (none when a class is absent there) and applied to `task`:
 * the one with the largest sensitivity + specificity, and one for each fixed sensitivity. A model from elsewhere (`carried`) is called
 * positive where that was decided when it was made; what validation would choose here then stands beside it.
 */
export function measureTask(
  task: TaskScores,
  validation: TaskScores,
  carried: CarriedPoints | null = null,
): TaskMetrics {
  const data = knownOnly(task);
  const n = data.labels.length;
  const positives = countPositives(data.labels);
  const area = delong(data);
  const chooser = knownOnly(validation);
  const fixed = FIXED_SENSITIVITIES.flatMap((target) => {
    const rule = `sensitivity ≥ ${Math.round(target * 100)} % on validation`;
    const point = pointAt(data, sensitivityThreshold(chooser, target), rule);
    return point === null ? [] : [{ ...point, target }];
  });
  const fitted = pointAt(data, youdenThreshold(chooser), OPERATING_RULE);
  const came = carried === null ? undefined : (carried.get(task.name) ?? null);
  return {
    name: task.name,
    n,
    positives,
    auroc: {
      value: area?.auroc ?? null,
      ci: area === null || area.ci === null ? null : [area.ci[0], area.ci[1]],
    },
    averagePrecision: averagePrecision(data),
    brier: brier(data),
    ece: expectedCalibrationError(data),
    unstable: isUnstable(positives, n),
    operatingPoint: came === undefined ? fitted : pointAt(data, came?.threshold ?? null, came?.rule ?? ''),
    fittedHere: came === undefined ? null : fitted === null ? null : { ...fitted, rule: FITTED_HERE },
    sensitivityPoints: fixed,
    uncertainBand: bandOf(chooser),
    roc: thinCurve(rocCurve(data), CURVE_POINTS).map((point) => ({ ...point })),
    pr: thinCurve(precisionRecallCurve(data), CURVE_POINTS).map((point) => ({ ...point })),
    calibration: calibrationBins(data).map((bin) => ({ ...bin })),
  };
}

/** Of both classes on validation, that many lie outside of the band on their own side. */
const SURE = 0.95;

function bandOf(validation: BinaryScores): UncertainBand | null {
  const from = sensitivityThreshold(validation, SURE);
  const to = specificityThreshold(validation, SURE);
  if (from === null || to === null) return null;
  const percent = Math.round(SURE * 100);
  return { from, to, rule: `between ${percent} % sensitivity and ${percent} % specificity on validation` };
}

function pointAt(data: BinaryScores, threshold: number | null, rule: string): TaskMetrics['operatingPoint'] {
  if (threshold === null || data.labels.length === 0) return null;
  const { sensitivity, specificity, ppv, npv, ...counts } = operatingPoint(data, threshold);
  return {
    ...counts,
    rule,
    sensitivity: plain(sensitivity),
    specificity: plain(specificity),
    ppv: plain(ppv),
    npv: plain(npv),
  };
}
