/** @file Gathers a study's table: its runs with metrics and replicates, their split, films and sources. */
import type { Evaluation } from '../../../../shared/contract/evaluation.ts';
import type { StudyTableRequest } from '../../../../shared/contract/study-table.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { Replicates } from '../../../store/comparisons.ts';
import { SPLIT_ELSEWHERE } from '../../../../shared/domain/split-elsewhere.ts';
import type { RunRow } from '../../../store/runs.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { readVersion } from '../../app-version.ts';
import type { CallContext, Clock } from '../../service-types.ts';
import { gatherSources } from '../report/gather-sources.ts';
import { learnedLabels } from '../learned-labels.ts';
import { hasResults, requireScored } from '../run-standing.ts';
import type { RunWithoutResult, StudyMaterial } from './build-table.ts';
import { nameSystems } from './name-systems.ts';
import type { StudyRun } from './study-run.ts';

export interface StudyDeps {
  readonly library: OpenLibrary;
  readonly clock: Clock;
  /** On the test part, computed where missing. @throws ServiceError */
  readonly evaluation: (run: RunRow) => Promise<Evaluation>;
  /** @throws ServiceError */
  readonly replicates: (run: RunRow) => Promise<Replicates>;
}

/** In the order in which they were made; pre-training has no place in a table. @throws ServiceError NOT_FOUND, CONFLICT when there is none, INCOMPATIBLE */
function studyRows({ store }: OpenLibrary, { runIds }: StudyTableRequest): readonly RunRow[] {
  if (runIds.length > 0) {
    const wanted = new Set(runIds.map((id) => store.runs.get(id).id));
    const rows = store.runs.list().filter(({ id, config }) => wanted.has(id) && config.method !== 'pretrain');
    refuseOtherSplits(store, rows);
    return rows;
  }
  // a model from elsewhere is no cell of a study of this library
  const finished = store.runs.list().filter((run) => hasResults(run) && run.splitId !== SPLIT_ELSEWHERE);
  const newest = finished.at(-1);
  if (newest === undefined) {
    throw new ServiceError(
      'CONFLICT',
      'There is no table yet: no run is finished. Train a teacher and students, or start a study.',
    );
  }
  return finished.filter(({ splitId }) => splitId === newest.splitId);
}

function refuseOtherSplits(store: OpenLibrary['store'], rows: readonly RunRow[]): void {
  const [first] = rows;
  const other = rows.find(({ splitId }) => splitId !== first?.splitId);
  if (first === undefined || other === undefined) return;
  const split = ({ splitId }: RunRow): string =>
    `“${store.splits.find(splitId)?.name ?? splitId}” (${splitId})`;
  throw new ServiceError(
    'INCOMPATIBLE',
    `“${first.name}” and “${other.name}” were scored on different films: they belong to the splits ${split(first)} and ${split(other)}. A table holds runs of one split; leave one of them out.`,
    { a: first.id, b: other.id },
  );
}

/** @throws ServiceError NOT_FOUND, CONFLICT, INCOMPATIBLE, CANCELLED when the caller has gone away */
export async function gatherStudy(
  deps: StudyDeps,
  request: StudyTableRequest,
  { signal }: CallContext,
): Promise<StudyMaterial> {
  const { library, clock } = deps;
  const { store } = library;
  const rows = studyRows(library, request);
  const { systems, systemOf } = nameSystems(rows, request.systems);
  const runs: StudyRun[] = [];
  const withoutResult: RunWithoutResult[] = [];
  for (const row of rows) {
    if (signal.aborted) throw new ServiceError('CANCELLED', 'The table was cancelled. Nothing was written.');
    const system = systemOf.get(row.id) ?? row.config.method;
    try {
      requireScored(row);
      const final = store.runs.checkpoints(row.id).find(({ kind }) => kind === 'final');
      const weights = final === undefined ? null : { sha256: final.sha256, bytes: final.bytes };
      const [evaluation, replicates] = [await deps.evaluation(row), await deps.replicates(row)];
      runs.push({ row, system, evaluation, replicates, weights });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      withoutResult.push({ row, system, reason: error.message });
    }
  }
  const [first] = rows;
  if (runs.length === 0 || first === undefined) {
    throw new ServiceError(
      'CONFLICT',
      `There is no table yet. ${withoutResult[0]?.reason ?? 'Name a run that is finished.'}`,
    );
  }
  const { splitId } = first;
  const split = store.splits.find(splitId);
  const testFilms = store.splits
    .dataset(splitId, [])
    .flatMap(({ filmId, part }) => (part === 'test' ? (store.films.find(filmId) ?? []) : []));
  const labels = new Set(runs.map(({ row }) => row.config.labelVersionId));
  return {
    madeAt: clock.now(),
    app: await readVersion(),
    labels: [...labels].map((id) => learnedLabels(store, id)),
    split: { id: splitId, name: split?.name ?? splitId, seed: split?.seed ?? 0 },
    ...{ systems, runs, withoutResult, testFilms },
    sources: (await gatherSources(library, [splitId])).sources.map((one) => ({ ...one })),
  };
}
