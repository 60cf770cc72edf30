/** @file Temperature scaling in use: one temperature for a head, fitted on validation, and what it does to another part. */
import type { HeadScaling } from '../../../shared/contract/evaluation.ts';
import type { BinaryScores } from '../../numeric/metrics/binary-scores.ts';
import { brier, expectedCalibrationError } from '../../numeric/metrics/probability-scores.ts';
import { fitTemperature, logitOf, scaledProbability } from '../../numeric/metrics/temperature.ts';
import type { TaskScores } from './part-scores.ts';
import { knownOnly } from './task-metrics.ts';

function meanOver(tasks: readonly BinaryScores[], metric: (task: BinaryScores) => number | null): number {
  return tasks.reduce((sum, task) => sum + (metric(task) ?? 0), 0) / tasks.length;
}

/**
 * @param tasks of one head on the part evaluated (T1: all findings; T2: the one)
 * @param validation the same tasks where the temperature is fitted
 * @returns null where validation lacks a class or the part has no known label
 */
export function scaleHead(
  tasks: readonly TaskScores[],
  validation: readonly TaskScores[],
): HeadScaling | null {
  const fit = fitTemperature(
    validation.flatMap(({ scores }) => Array.from(scores, logitOf)),
    validation.flatMap(({ labels }) => labels.map((label) => label ?? Number.NaN)),
  );
  const known = tasks.map(knownOnly).filter(({ labels }) => labels.length > 0);
  if (fit === null || known.length === 0) return null;
  const { temperature } = fit;
  const scaled = known.map(({ labels, scores }) => ({
    labels,
    scores: Array.from(scores, (score) => scaledProbability(score, temperature)),
  }));
  const both = (metric: (task: BinaryScores) => number | null) => ({
    before: meanOver(known, metric),
    after: meanOver(scaled, metric),
  });
  return { temperature, fittedOn: fit.known, ece: both(expectedCalibrationError), brier: both(brier) };
}
