/** @file The whole app for one verb: opened on `--library DIR`, closed whatever happens; Ctrl-C pauses what trains. */
import { createNodeWorkerHost } from '../node/worker-host-node.ts';
import { openParts, type AppParts } from '../services/compose.ts';
import { defaultLibraryFolder } from '../services/system/data-folder.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { stderrLog } from './library-option.ts';
import { Refusal, type VerbArguments } from './verb.ts';

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
      workerHost: createNodeWorkerHost(),
      log: stderrLog,
      clock: Date,
      readOnly: access === 'read',
      // A verb does what it was asked for; the verb "study" asks.
      goOn: false,
    });
    try {
      if (access === 'write') parts.library.files.refuseIfReadOnly();
      return await work(parts);
    } finally {
      await parts.app.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) throw new Refusal(error.code, error.message, error.detail);
    throw error;
  }
}
