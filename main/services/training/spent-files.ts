/** @file Files of runs that nothing will read again: checkpoints of finished runs, knowledge caches without a row. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { errorCode } from '../../../shared/domain/disk-error.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { OpenLibrary } from '../library/open-library.ts';

const SPENT = /^(checkpoint-\d+|best)\.safetensors$/;

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A finished run keeps its final weights; what it was resumed from goes, rows first. */
export async function dropSpentCheckpoints({ store, files }: OpenLibrary, id: RunId): Promise<void> {
  const dir = join(files.runsDir, id);
  store.runs.dropSpentCheckpoints(id);
  for (const name of await namesIn(dir)) {
    if (SPENT.test(name)) await rm(join(dir, name), { force: true });
  }
}

/** After a power cut in the middle of tidying up. */
export async function sweepSpentFiles(library: OpenLibrary): Promise<void> {
  const { store, files } = library;
  const caches = new Set(store.runs.knowledge().map(({ key }) => key));
  for (const name of await namesIn(files.knowledgeDir)) {
    if (!caches.has(name)) await rm(join(files.knowledgeDir, name), { recursive: true, force: true });
  }
  for (const { id, state } of store.runs.list()) {
    if (state === 'finished') await dropSpentCheckpoints(library, id);
  }
}
