/** @file Files of runs that nothing will read again: checkpoints of finished runs, knowledge caches without a row. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errorCode } from '../../../shared/domain/disk-error.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sweep } from '../../files/leftovers.ts';
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
    if (SPENT.test(name)) await sweep(join(dir, name));
  }
}

/** After a power cut in the middle of tidying up. */
export async function sweepSpentFiles(library: OpenLibrary): Promise<void> {
  const { store, files } = library;
  const caches = new Set(store.runs.knowledge().map(({ key }) => key));
  for (const name of await namesIn(files.knowledgeDir)) {
    if (!caches.has(name)) await sweep(join(files.knowledgeDir, name));
  }
  for (const { id, state } of store.runs.list()) {
    if (state === 'finished') await dropSpentCheckpoints(library, id);
  }
}

/** Of what a person had removed; its rows are gone. @throws ServiceError DISK_FULL where the disk keeps it, with its place */
export async function deleteFolder(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    const folder = `${basename(dirname(dir))}/${basename(dir)}`;
    throw new ServiceError(
      'DISK_FULL',
      `It is removed from the library, but the disk did not delete its files. Check the disk, then delete the folder ${folder} in the library’s folder.`,
      { cause: errorCode(error), folder },
    );
  }
}
