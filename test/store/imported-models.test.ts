/** @file Models from elsewhere in the store: a split that no list shows, finished from the start, gone with their run. */
import { expect, it } from 'vitest';

import { SPLIT_ELSEWHERE } from '../../shared/domain/split-elsewhere.ts';
import { openStore } from '../../main/store/store.ts';
import { waitingProgress } from '../../main/services/training/run-views.ts';
import type { RunId, SplitId } from '../../shared/domain/ids.ts';
import { fullConfig } from '../services/evaluation/scored-runs.ts';
import { testClock } from '../helpers/temp-library.ts';

const id = 'run-0000000000000001' as RunId;

it('keeps a run that was trained elsewhere, with its card, and forgets both together', () => {
  const store = openStore(':memory:', { clock: testClock() });
  expect(store.splits.list()).toEqual([]);
  expect(store.splits.find(SPLIT_ELSEWHERE)).toMatchObject({ name: 'Trained elsewhere' });
  const config = fullConfig({
    method: 'none',
    resolution: 28,
    splitId: SPLIT_ELSEWHERE,
    findings: ['Edema'],
  });
  const run = { id, name: 'M', config, configHash: 'a'.repeat(64), createdAt: 1 };
  const model = { runId: id, bundleSha256: 'b'.repeat(64), signerName: 'S', signerKey: 'K', importedAt: 2 };
  expect(() => store.importedModels.add({ ...model, card: {} })).toThrow(); // its run is not there
  store.transaction(() => {
    store.runs.insertFinished({ ...run, progress: waitingProgress(config, 0) }, 7);
    store.importedModels.add({ ...model, card: { version: 1 } });
  });
  expect(store.runs.get(id)).toMatchObject({ state: 'finished', endedAt: 7, splitId: SPLIT_ELSEWHERE });
  expect(store.runs.nextQueued()).toBeNull();
  expect(store.importedModels.find(id)).toEqual({ ...model, card: { version: 1 }, measuredSplitId: null });
  expect(() => store.importedModels.setMeasured(id, 'split-none' as SplitId)).toThrow();
  expect(store.importedModels.find('run-0000000000000009' as RunId)).toBeNull();
  expect(store.check()).toEqual([]);
  store.runs.remove(id);
  expect(store.importedModels.find(id)).toBeNull();
  store.close();
});
