/** @file All metrics of a run on one part: pure, seeded, from scores and labels alone. */
import type { Evaluation } from '../../../shared/contract/evaluation.ts';
import type { Interval } from '../../../shared/contract/base.ts';
import type { BootstrapInterval } from '../../numeric/metrics/bootstrap.ts';
import { macroAuroc } from '../../numeric/metrics/macro.ts';
import {
  bootstrapDifference,
  bootstrapInterval,
  pairedBootstrap,
} from '../../numeric/metrics/paired-bootstrap.ts';
import type { PartScores, TaskScores } from './part-scores.ts';
import { measureTask } from './task-metrics.ts';

/** The same draws of patients for every run, so that differences are paired. */
export const BOOTSTRAP = { resamples: 2000, seed: 1 } as const;

export type Measured = Pick<Evaluation, 'films' | 'patients' | 't1' | 'perFinding' | 't2' | 'bootstrap'>;

const ends = ({ ci }: BootstrapInterval): Interval['ci'] => (ci === null ? null : [ci[0], ci[1]]);

/** Macro AUROC of some tasks (T1: all findings; T2: the one) for each system, every replicate. */
function replicates(
  tasks: readonly TaskScores[],
  systems: readonly (readonly TaskScores[])[],
  patients: readonly string[],
): readonly Float64Array[] {
  const labels = tasks.map((task) => task.labels);
  const scores = systems.map((system) => system.map((task) => task.scores));
  return pairedBootstrap(labels, scores, patients, BOOTSTRAP).values;
}

function macro(tasks: readonly TaskScores[]) {
  return macroAuroc(
    tasks.map(({ labels }) => labels),
    tasks.map(({ scores }) => scores),
  );
}

/** `t1` and T2's AUROC have patient-bootstrap intervals, findings DeLong's. `validation` is where thresholds are chosen. */
export function measurePart(part: PartScores, validation: PartScores): Measured {
  const { findings, abnormal, patients } = part;
  const { value, k, of } = macro(findings);
  const interval = (tasks: readonly TaskScores[]): Interval['ci'] => {
    const [values] = replicates(tasks, [tasks], patients);
    return values === undefined ? null : ends(bootstrapInterval(values));
  };
  const t2 = measureTask(abnormal, validation.abnormal);
  return {
    films: patients.length,
    patients: new Set(patients).size,
    t1: { value, ci: value === null ? null : interval(findings), k, of },
    perFinding: findings.map((task, index) => {
      const chooser = validation.findings[index];
      if (chooser === undefined) throw new Error('both parts have the same findings');
      return measureTask(task, chooser);
    }),
    t2: {
      ...t2,
      auroc: { value: t2.auroc.value, ci: t2.auroc.value === null ? null : interval([abnormal]) },
    },
    bootstrap: { ...BOOTSTRAP, unit: 'patient' },
  };
}

/** A paired difference with its test. */
export interface TestedDifference extends Interval {
  /** Two-sided, from the same resamples; null = undefined. */
  readonly p: number | null;
}

/** AUROC of one run minus another's on the same films, with the paired patient-bootstrap interval. */
export interface RunDifference {
  readonly t1: TestedDifference;
  readonly t2: TestedDifference;
}

/** `a` minus `b`; null when they were not scored on the same films for the same findings. */
export function measureDifference(a: PartScores, b: PartScores): RunDifference | null {
  const sameFilms =
    a.filmIds.length === b.filmIds.length && a.filmIds.every((id, film) => id === b.filmIds[film]);
  const names = ({ findings }: PartScores): string => findings.map(({ name }) => name).join('\n');
  if (!sameFilms || names(a) !== names(b)) return null;
  const difference = (first: readonly TaskScores[], second: readonly TaskScores[]): TestedDifference => {
    const [one, other] = [macro(first).value, macro(second).value];
    const [valuesA, valuesB] = replicates(first, [first, second], a.patients);
    if (one === null || other === null || valuesA === undefined || valuesB === undefined)
      return { value: null, ci: null, p: null };
    const resampled = bootstrapDifference(valuesA, valuesB);
    return { value: one - other, ci: ends(resampled), p: resampled.p };
  };
  return { t1: difference(a.findings, b.findings), t2: difference([a.abnormal], [b.abnormal]) };
}
