/** @file Runs of a study made from seeded synthetic scores through the real metrics, without a library. */
import type { PartScores, TaskScores } from '../../../../main/services/evaluation/part-scores.ts';
import { measurePart } from '../../../../main/services/evaluation/measure-part.ts';
import type { StudyMaterial } from '../../../../main/services/evaluation/study-table/build-table.ts';
import { nameSystems } from '../../../../main/services/evaluation/study-table/name-systems.ts';
import type { StudyRun } from '../../../../main/services/evaluation/study-table/study-run.ts';
import type { RunConfig } from '../../../../shared/contract/training.ts';
import type { FilmId, RunId, SplitId } from '../../../../shared/domain/ids.ts';
import { uniformGenerator } from '../../../../main/numeric/vit/init.ts';
import { fullConfig } from '../scored-runs.ts';

export interface Wish extends Partial<RunConfig> {
  readonly method: RunConfig['method'];
  /** How far scores follow the labels, 0 = not at all. */
  readonly skill?: number;
  /** Of the noise in the scores. */
  readonly noise?: number;
  /** Labels of a finding are all negative. */
  readonly absent?: boolean;
  readonly name?: string;
}

const SPLIT = 'split-00000001' as SplitId;
export const FINDINGS = ['Edema', 'Pneumonia'];

/** About normal. */
function wobbler(seed: number): () => number {
  const uniform = uniformGenerator(seed);
  return () => uniform() + uniform() + uniform() + uniform() - 2;
}

function scoredPart(films: number, findings: readonly string[], wish: Wish, seed: number): PartScores {
  const labelled = uniformGenerator(7);
  const wobble = wobbler(seed);
  const task = (name: string, absent = false): TaskScores => {
    const labels = Array.from({ length: films }, () =>
      labelled() < 0.4 && !absent ? (1 as const) : (0 as const),
    );
    const scores = Float64Array.from(
      labels,
      (label) => 1 / (1 + Math.exp(-((wish.skill ?? 0) * label + wobble()))),
    );
    return { name, labels, scores };
  };
  return {
    filmIds: Array.from({ length: films }, (_, film) => `film-${film}` as FilmId),
    patients: Array.from({ length: films }, (_, film) => `p${Math.floor(film / 2)}`),
    findings: findings.map((name, index) => task(name, index === 1 && wish.absent === true)),
    abnormal: task('abnormal', wish.absent),
  };
}

export function studyRun(wish: Wish, number: number, films = 120): StudyRun {
  const { method, skill: _skill, noise, absent: _absent, name, ...config } = wish;
  const full = fullConfig({
    ...{ method, resolution: method === 'teacher' ? 224 : 28, splitId: SPLIT, findings: FINDINGS },
    ...config,
  });
  const part = scoredPart(films, full.findings, wish, noise ?? number + 1);
  const { measured, replicates } = measurePart(part, part);
  const id = `run-${String(number).padStart(8, '0')}` as RunId;
  return {
    row: { id, name: name ?? `run ${number}`, config: full, configHash: 'c'.repeat(64), device: 'CPU' },
    system: '',
    evaluation: { runId: id, part: 'test', createdAt: 1, ...measured, notes: [] },
    replicates,
    weights: { sha256: 'a'.repeat(64), bytes: 22_000_000 },
  };
}

export function material(wishes: readonly Wish[], films = 120): StudyMaterial {
  const runs = wishes.map((wish, index) => studyRun(wish, index + 1, films));
  const { systems, systemOf } = nameSystems(runs.map(({ row }) => row));
  return {
    madeAt: 1_700_000_000_000,
    app: '0.0.0',
    split: { id: SPLIT, name: 'Split', seed: 1 },
    systems,
    runs: runs.map((run) => ({ ...run, system: systemOf.get(run.row.id) ?? '' })),
    withoutResult: [],
    testFilms: [],
    labels: ['as imported'],
    sources: [{ source: 'made', licence: 'none', films }],
  };
}
