/** @file The split on whose films a run is judged: the one that it was trained on, or that a model from elsewhere was measured on here. */
import type { SplitId } from '../../../shared/domain/ids.ts';
import type { RunRow } from '../../store/runs.ts';
import type { Store } from '../../store/store.ts';

/** That of models from elsewhere has no films until they are measured. */
export function measuredSplit(store: Store, run: Pick<RunRow, 'id' | 'splitId'>): SplitId {
  return store.importedModels.find(run.id)?.measuredSplitId ?? run.splitId;
}
