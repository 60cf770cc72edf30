/** @file `--library DIR`: opens the library that a verb works on, and closes it whatever happens. */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { openLibrary, type OpenLibrary } from '../services/library/open-library.ts';
import type { Log } from '../services/service-types.ts';
import { defaultLibraryFolder } from '../services/system/data-folder.ts';
import { Refusal, type VerbArguments } from './verb.ts';

export const LIBRARY_OPTION = { library: { type: 'string' } } as const;

function line(level: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}\n`);
}

/** Warnings and errors go to standard error; what is only information stays silent. */
export const stderrLog: Log = {
  info: () => undefined,
  warn: (message, fields) => line('warning', message, fields),
  error: (message, fields) => line('error', message, fields),
};

/**
 * Runs `work` on the library that `--library` names (the user's own without it).
 * A verb that writes is refused while another program has the library open. `goBackTo`: a copy of its database to go back to.
 */
export async function withLibrary<T>(
  options: VerbArguments['options'],
  writes: boolean,
  work: (library: OpenLibrary) => Promise<T>,
  goBackTo: string | null = null,
): Promise<T> {
  const dir = typeof options.library === 'string' ? options.library : defaultLibraryFolder();
  try {
    const library = await openLibrary(dir, { clock: Date, log: stderrLog, goBackTo });
    try {
      if (writes) library.files.refuseIfReadOnly();
      return await work(library);
    } finally {
      await library.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) throw new Refusal(error.code, error.message, error.detail);
    throw error;
  }
}
