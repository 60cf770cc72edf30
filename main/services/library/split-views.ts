/** @file Splits with their counts, kept until an import may have changed labels: counting 50,000 films takes a while. */
import type { Split } from '../../../shared/contract/library.ts';
import type { SplitId } from '../../../shared/domain/ids.ts';
import type { Store } from '../../store/store.ts';
import type { ImportService } from '../import/import-service.ts';
import { splitView } from './library-views.ts';

/** A function that gives all splits, newest first. A read-only library is counted every time: another process writes it. */
export function createSplitViews(store: Store, imports: ImportService): () => Split[] {
  const kept = new Map<SplitId, Split>();
  let keptFor = '';
  return () => {
    const current = imports.current();
    const state = `${current?.importId ?? ''} ${current?.state ?? ''}`;
    if (state !== keptFor || store.readOnly) kept.clear();
    keptFor = state;
    return store.splits.list().map((row) => {
      const view = kept.get(row.id) ?? splitView(store, row);
      kept.set(row.id, view);
      return view;
    });
  };
}
