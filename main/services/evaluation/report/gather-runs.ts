/** @file The runs of a report with their results, curves and settings; the splits that they were trained on. */
import type { Evaluation } from '../../../../shared/contract/evaluation.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { distanceWords, quantileWords } from '../../../../shared/domain/likeness.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { RunRow } from '../../../store/runs.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { keptThresholds } from '../kept-thresholds.ts';
import { baselineOf } from '../comparisons.ts';
import type { RunDifference } from '../paired-difference.ts';
import { notesOnGain } from '../notes.ts';
import { measuredSplit } from '../measured-split.ts';
import { hasResults, requireScored } from '../run-standing.ts';
import type { ReportRun, ReportSplit } from './report-data.ts';
import { learnedLabels } from '../learned-labels.ts';
import { inTableOrder, labelsOf } from './run-labels.ts';

export interface Results {
  readonly library: OpenLibrary;
  /** The stored test metrics, computed where missing. @throws ServiceError */
  readonly evaluation: (run: RunRow) => Promise<Evaluation>;
  readonly toBaseline: (run: RunRow) => Promise<RunDifference | null>;
}

/**
 * The runs asked for, all finished ones when none is named, in the order of the table.
 * @throws ServiceError NOT_FOUND, CONFLICT when one is not finished or there is none at all
 */
export function reportedRuns({ store }: OpenLibrary, runIds: readonly RunId[]): readonly RunRow[] {
  const named = [...new Set(runIds)].map((id) => store.runs.get(id));
  for (const run of named) requireScored(run);
  const runs = named.length > 0 ? named : store.runs.list().filter(hasResults);
  if (runs.length === 0) {
    throw new ServiceError(
      'CONFLICT',
      'There is nothing to report yet: no run is finished. Train a teacher, or run the sample study from an empty library.',
    );
  }
  return inTableOrder(runs);
}

export interface GatheredRuns {
  readonly runs: readonly ReportRun[];
  /** Runs without results, and why. */
  readonly omissions: readonly string[];
}

/** @throws ServiceError when not a single run has results */
export async function gatherRuns(results: Results, rows: readonly RunRow[]): Promise<GatheredRuns> {
  const labels = labelsOf(rows);
  const runs: ReportRun[] = [];
  const failures: ServiceError[] = [];
  for (const row of rows) {
    try {
      runs.push(await gatherRun(results, row, labels));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (runs.length === 0 && first !== undefined) throw first;
  return { runs, omissions: failures.map(({ message }) => `Left out: ${message}`) };
}

async function gatherRun(
  { library, evaluation, toBaseline }: Results,
  row: RunRow,
  labels: ReadonlyMap<RunId, string>,
): Promise<ReportRun> {
  const { store } = library;
  const result = await evaluation(row);
  const difference = await toBaseline(row);
  const baseline = baselineOf(row, store.runs.list());
  const teacher = row.teacherRunId === null ? null : store.runs.find(row.teacherRunId);
  const named = (run: RunRow): string => labels.get(run.id) ?? run.name;
  return {
    id: row.id,
    name: row.name,
    label: labels.get(row.id) ?? row.name,
    // a model from elsewhere stands with the split that it was measured on here
    config: { ...row.config, splitId: measuredSplit(store, row) },
    learned: learnedLabels(store, row.config.labelVersionId),
    suitability: limitOf(store, row.id),
    configHash: row.configHash,
    weightsSha256: store.runs.checkpoints(row.id).find(({ kind }) => kind === 'final')?.sha256 ?? null,
    teacher: teacher === null ? null : named(teacher),
    device: row.device,
    steps: row.steps,
    seconds: row.startedAt === null || row.endedAt === null ? null : (row.endedAt - row.startedAt) / 1000,
    bestEpoch: row.best?.epoch ?? null,
    history: store.runs.history(row.id),
    evaluation: result,
    kept: keptThresholds(library, row.id),
    gain: difference === null || baseline === null ? null : { against: named(baseline), difference },
    // A difference that is there stands in its own table.
    notes: [
      ...result.notes,
      ...(difference === null ? notesOnGain(row.config, null) : []),
      ...store.runs.notes(row.id),
    ],
  };
}

function limitOf(store: OpenLibrary['store'], id: RunId): string {
  const row = store.likeness.find(id);
  if (row === null) return 'distance to the training films not fitted for this model';
  if (row.file === null) return `distance to the training films not fitted: ${row.reason}`;
  return `a film is called unlike the training films beyond distance ${distanceWords(row.limit)}, under which ${quantileWords(row.quantile)} of films like the ${row.validationFilms} validation films lie (Mahalanobis, ${row.trainFilms} training films)`;
}

/** One entry a split, in the order in which the runs name them. */
export function gatherSplits({ store }: OpenLibrary, runs: readonly ReportRun[]): readonly ReportSplit[] {
  return [...Map.groupBy(runs, ({ config }) => config.splitId)].map(([id, users]) => {
    const split = store.splits.find(id);
    return {
      id,
      name: split?.name ?? id,
      seed: split?.seed ?? 0,
      parts: store.splits.parts(id),
      sharedPatients: store.splits.sharedPatients(id),
      findings: [...new Set(users.flatMap(({ config }) => config.findings))],
    };
  });
}
