/** @file A watcher always learns how an import ended, also when it ended while the watcher was busy. */
import { expect, it } from 'vitest';

import { createImportSession } from '../../../main/services/import/import-session.ts';
import type { ImportId } from '../../../shared/domain/ids.ts';
import { testClock } from '../../helpers/temp-library.ts';

it('tells the end to a watcher who had just been told of the work', async () => {
  const session = createImportSession('import-00000001' as ImportId, 'files', testClock());
  const events = session.watch(new AbortController().signal);
  expect((await events.next()).value).toMatchObject({ state: 'running' });
  const summary = { imported: 1, duplicates: 0, skipped: [], patients: 1, labels: [], warnings: [] };
  session.end('finished', summary, null);
  expect((await events.next()).value).toMatchObject({ state: 'finished', summary });
  expect((await events.next()).done).toBe(true);
});
