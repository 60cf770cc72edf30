/** @file Measures a model from elsewhere on a split of this library: scores its validation and test films, then figures as of any run. */
import { join } from 'node:path';

import type { RunId, SplitId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, InferenceService } from '../service-types.ts';
import type { Results } from './results.ts';

export interface MeasureHereDeps {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
  readonly results: Results;
  readonly tellRun: ((id: RunId) => void) | undefined;
}

interface Asked {
  readonly runId: RunId;
  readonly splitId: SplitId | null;
}

/** @throws ServiceError NOT_FOUND, CONFLICT not from elsewhere, no split or no film to measure on; READ_ONLY, CANCELLED */
export async function* measureHere(
  { library, predict, results, tellRun }: MeasureHereDeps,
  { runId, splitId }: Asked,
  { signal }: CallContext,
): AsyncGenerator<{ done: number; total: number }, void> {
  const { store, files } = library;
  files.refuseIfReadOnly();
  const run = store.runs.get(runId);
  const chosen = splitToMeasureOn(library, run, splitId);
  const films = store.splits.dataset(chosen, []).filter(({ part }) => part !== 'train');
  if (!films.some(({ part }) => part === 'test')) {
    throw new ServiceError('CONFLICT', 'The split has no test film. Make another split on the Library page.');
  }
  const rows = [];
  for (const { filmId, part } of films) {
    yield { done: rows.length, total: films.length };
    if (signal.aborted) {
      throw new ServiceError(
        'CANCELLED',
        'Measuring was stopped. Films scored so far are kept; go on any time.',
      );
    }
    const { t1, t2 } = await predict({ runId, filmId, attention: [] }, { signal });
    rows.push({ filmId, part, t1: t1.map(({ score }) => score), t2: t2.score });
  }
  const scores = new TextEncoder().encode(JSON.stringify(rows));
  await files.writeAtomic(join(files.runsDir, runId, 'scores.json'), scores);
  store.importedModels.setMeasured(runId, chosen);
  await results.compute(run, 'test');
  tellRun?.(runId);
  yield { done: films.length, total: films.length };
}

function splitToMeasureOn({ store }: OpenLibrary, run: RunRow, wanted: SplitId | null): SplitId {
  if (store.importedModels.find(run.id) === null) {
    throw new ServiceError(
      'CONFLICT',
      `“${run.name}” was trained here: it was measured at its end. Only models from elsewhere are measured anew.`,
      { runId: run.id },
    );
  }
  const splits = store.splits.list();
  const split = wanted === null ? splits[0] : splits.find(({ id }) => id === wanted);
  if (split !== undefined) return split.id;
  throw new ServiceError(
    wanted === null ? 'CONFLICT' : 'NOT_FOUND',
    wanted === null
      ? 'There is no split to measure on. Add films with labels and make one on the Library page.'
      : 'There is no such split in this library.',
  );
}
