/** @file Plain sentences about a result: what does not hold and what to beware of. */
import type { Evaluation, TaskMetrics } from '../../../shared/contract/evaluation.ts';
import type { RunConfig } from '../../../shared/contract/training.ts';
import type { Measured } from './measure-part.ts';
import type { RunDifference } from './paired-difference.ts';
import type { ScoredPart } from './part-scores.ts';
import { FEW_FILMS } from './task-metrics.ts';
import { counted, listed, METHOD_WORDS, signedInterval, verdict } from './wording.ts';

/** Patients below which intervals are too wide to tell methods apart. */
export const FEW_PATIENTS = 100;

const PART_WORDS: Readonly<Record<ScoredPart, string>> = { validation: 'validation', test: 'test' };

/** What can be said from the result alone. Stored with it. */
export function notesOn(measured: Measured, part: ScoredPart): string[] {
  const { films, patients, perFinding, t1, t2 } = measured;
  const where = `${PART_WORDS[part]} part`;
  if (films === 0) {
    return [
      `The ${where} of this split has no film, so nothing can be said. Make a split with one and train again.`,
    ];
  }
  return [
    part === 'validation' &&
      'The best epoch and the thresholds were chosen on these same films, so the figures are too good. Judge by the test part.',
    patients < FEW_PATIENTS &&
      `Only ${counted(films, 'film')} of ${counted(patients, 'patient')} in the ${where}: the intervals are wide, and small differences between runs cannot be seen.`,
    undefinedNote(perFinding, where),
    t1.k < t1.of &&
      t1.k > 0 &&
      `T1 is the mean over the ${t1.k} of ${t1.of} findings that have both classes.`,
    unstableNote(perFinding),
    t2.auroc.value === null
      ? `T2 has no AUROC: the ${where} lacks normal or abnormal films with a known label.`
      : t2.unstable &&
        `T2 rests on ${counted(t2.positives, 'abnormal film')} and ${t2.n - t2.positives} normal ones: it says little.`,
    t2.n < films &&
      t2.n > 0 &&
      `${counted(films - t2.n, 'film')} without a normal/abnormal label left out of T2.`,
    chanceNote('T1', t1.ci),
    chanceNote('T2', t2.auroc.ci),
    thresholdNote([t2, ...perFinding]),
    patients < films &&
      `${counted(films, 'film')} come from ${counted(patients, 'patient')}. The intervals of T1 and T2 take that into account; those of single findings (DeLong) do not and are a little too narrow.`,
  ].filter((note) => note !== false && note !== null);
}

function undefinedNote(perFinding: readonly TaskMetrics[], where: string): string | null {
  const missing = perFinding.filter(({ auroc }) => auroc.value === null);
  if (missing.length === 0) return null;
  const names = missing.map(
    ({ name, n, positives }) =>
      `${name} (${n === 0 ? 'no label' : positives === 0 ? 'no positive' : 'no negative'})`,
  );
  return `No AUROC for ${listed(names)}: the ${where} lacks a class.`;
}

function unstableNote(perFinding: readonly TaskMetrics[]): string | null {
  const few = perFinding.filter(({ unstable, auroc }) => unstable && auroc.value !== null);
  if (few.length === 0) return null;
  const names = few.map(({ name, n, positives }) =>
    positives <= n - positives ? `${name} (${positives} positive)` : `${name} (${n - positives} negative)`,
  );
  return `Fewer than ${FEW_FILMS} films of a class, so the figure says little: ${listed(names)}.`;
}

function chanceNote(task: string, ci: Evaluation['t1']['ci']): string | null {
  if (ci === null || ci[0] > 0.5) return null;
  return ci[1] < 0.5
    ? `The interval of ${task} lies below .50: worse than chance. Look for swapped labels.`
    : `The interval of ${task} includes .50: this run is not shown to do better than chance.`;
}

function thresholdNote(tasks: readonly TaskMetrics[]): string | null {
  const without = tasks.filter(({ operatingPoint, n }) => operatingPoint === null && n > 0);
  if (without.length === 0) return null;
  const names = without.map(({ name }) => name);
  return without.some(({ fittedHere }) => fittedHere !== null)
    ? `No operating point for ${listed(names)}: the model came without one. Keep one on the page of operating points.`
    : `No operating point for ${listed(names)}: the validation part lacks a class.`;
}

/** What a comparison with the student without distillation says. Not stored: the baseline may come later. */
export function notesOnGain(config: Pick<RunConfig, 'method'>, difference: RunDifference | null): string[] {
  if (config.method === 'teacher' || config.method === 'none') return [];
  const method = METHOD_WORDS[config.method];
  if (difference === null) {
    return [
      'What distillation adds cannot be told yet: train a student without distillation of the same model, resolution, split and seed.',
    ];
  }
  return (['t1', 't2'] as const).flatMap((task) => {
    const name = task.toUpperCase();
    const gain = signedInterval(difference[task]);
    switch (verdict(difference[task])) {
      case 'undecided':
        return [
          `${method} is not shown to beat the student without distillation in ${name}: ${gain} includes 0.`,
        ];
      case 'worse':
        return [`${method} is worse than the student without distillation in ${name}: ${gain}.`];
      case 'better':
      case 'undefined':
        return [];
    }
  });
}
