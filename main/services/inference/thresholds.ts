/** @file Where a run's scores are called positive: chosen on validation films here, or as they came with a model from elsewhere. */
import { modelCard } from '../../../shared/contract/model-card.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { Store } from '../../store/store.ts';

/** By finding, `abnormal` for T2; what has none is left out. Of a model from elsewhere what a person set goes before what was fitted. */
export function thresholdsOf(store: Store, runId: RunId): ReadonlyMap<string, number> {
  const imported = store.importedModels.find(runId);
  if (imported !== null) {
    const { thresholds } = modelCard.parse(imported.card);
    const ordered = [...thresholds].sort((a, b) => Number(a.kind === 'kept') - Number(b.kind === 'kept'));
    return new Map(ordered.map(({ name, threshold }) => [name, threshold]));
  }
  const evaluation = store.evaluations.find(runId, 'test');
  const tasks = evaluation === null ? [] : [evaluation.t2, ...evaluation.perFinding];
  return new Map(
    tasks.flatMap(({ name, operatingPoint }) =>
      operatingPoint === null ? [] : [[name, operatingPoint.threshold] as const],
    ),
  );
}
