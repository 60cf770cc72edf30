/** @file All metrics of a run on one part: pure, seeded, from scores and labels alone. */
import { createHash } from 'node:crypto';

import type { Evaluation } from '../../../shared/contract/evaluation.ts';
import { macroAuroc } from '../../numeric/metrics/macro.ts';
import { macroReplicates } from '../../numeric/metrics/paired-bootstrap.ts';
import type { Replicates } from '../../store/comparisons.ts';
import { intervalOf } from './paired-difference.ts';
import type { PartScores, TaskScores } from './part-scores.ts';
import { scaleHead } from './scale-head.ts';
import { measureTask, type CarriedPoints } from './task-metrics.ts';

/** The same draws of patients for every run, so that differences are paired. */
export const BOOTSTRAP = { resamples: 2000, seed: 1 } as const;

export type Measured = Omit<Evaluation, 'runId' | 'part' | 'createdAt' | 'notes'>;

export interface MeasuredPart {
  readonly measured: Measured;
  readonly replicates: Replicates;
}

/** Digest of everything that must be the same in two runs for their replicates to be paired. */
function filmsDigest({ filmIds, patients, findings, abnormal }: PartScores): string {
  const tasks = [...findings, abnormal].map(({ name, labels }) => [name, labels]);
  return createHash('sha256')
    .update(JSON.stringify([filmIds, patients, tasks]))
    .digest('hex');
}

function macro(tasks: readonly TaskScores[]) {
  return macroAuroc(
    tasks.map(({ labels }) => labels),
    tasks.map(({ scores }) => scores),
  );
}

/** `t1` and T2's AUROC have patient-bootstrap intervals, findings DeLong's. `validation` is where thresholds and temperatures come from, but for a model that `carried` its own thresholds. */
export function measurePart(
  part: PartScores,
  validation: PartScores,
  carried: CarriedPoints | null = null,
): MeasuredPart {
  const { findings, abnormal, patients } = part;
  const { value, k, of } = macro(findings);
  const t2 = measureTask(abnormal, validation.abnormal, carried);
  const [t1Values, t2Values] = macroReplicates([findings, [abnormal]], patients, BOOTSTRAP);
  if (t1Values === undefined || t2Values === undefined) throw new Error('one array of replicates a task');
  const replicates = {
    films: filmsDigest(part),
    t1: { value, values: t1Values },
    t2: { value: t2.auroc.value, values: t2Values },
  };
  const measured: Measured = {
    films: patients.length,
    patients: new Set(patients).size,
    t1: { value, ci: intervalOf(replicates.t1), k, of },
    perFinding: findings.map((task, index) => {
      const chooser = validation.findings[index];
      if (chooser === undefined) throw new Error('both parts have the same findings');
      return measureTask(task, chooser, carried);
    }),
    t2: { ...t2, auroc: { value: t2.auroc.value, ci: intervalOf(replicates.t2) } },
    temperature: {
      t1: scaleHead(findings, validation.findings),
      t2: scaleHead([abnormal], [validation.abnormal]),
    },
    bootstrap: { ...BOOTSTRAP, unit: 'patient' },
  };
  return { measured, replicates };
}
