/** @file The whole app for one verb: opened on `--library DIR`, closed whatever happens; Ctrl-C pauses what trains. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { openParts, type AppParts } from '../services/compose.ts';
import { defaultLibraryFolder } from '../services/system/data-folder.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { refusalOf, stderrLog, tellUnseenRecoveryKey, unlocking } from './library-option.ts';
import { refuseOutputsInEncrypted } from './out-file.ts';
import type { VerbArguments } from './verb.ts';
import { verbWorkers } from './verb-workers.ts';

/** To read a library, made where there is none yet: for what may be asked of an empty one. */
export function readingOrNew({ library }: VerbArguments['options']): 'read' | 'write' {
  const dir = typeof library === 'string' ? library : defaultLibraryFolder();
  return existsSync(join(dir, 'library.db')) ? 'read' : 'write';
}

/** @param access `read` leaves the library as it is and works beside an open app */
export async function withApp<T>(
  options: VerbArguments['options'],
  access: 'read' | 'write',
  work: (parts: AppParts) => Promise<T>,
): Promise<T> {
  try {
    const parts = await openParts({
      libraryDir: typeof options.library === 'string' ? options.library : defaultLibraryFolder(),
      host: 'browser',
      workerHost: verbWorkers(),
      log: stderrLog,
      clock: Date,
      readOnly: access === 'read',
      ...unlocking(options),
      // A verb does what it was asked for; the verb "study" asks.
      goOn: false,
    });
    try {
      tellUnseenRecoveryKey(parts.library.files);
      if (access === 'write') parts.library.files.refuseIfReadOnly();
      refuseOutputsInEncrypted(parts.library.files, options);
      return await work(parts);
    } finally {
      await parts.app.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) throw refusalOf(error);
    throw error;
  }
}
