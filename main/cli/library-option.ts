/** @file `--library DIR`: opens the library that a verb works on, and closes it whatever happens. */
import { readFileSync } from 'node:fs';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../files/library-files.ts';
import { recoveryKeyIsKept } from '../services/library/encryption.ts';
import { openLibrary, type OpenLibrary } from '../services/library/open-library.ts';
import type { Log } from '../services/service-types.ts';
import { defaultLibraryFolder } from '../services/system/data-folder.ts';
import { refuseOutputsInEncrypted } from './out-file.ts';
import { tell } from './until-stopped.ts';
import { Refusal, type VerbArguments } from './verb.ts';
import { verbWorkers } from './verb-workers.ts';

/** `--unlock FILE`: what opens an encrypted library; never the words themselves, which would stand in lists of processes. */
export const LIBRARY_OPTION = { library: { type: 'string' }, unlock: { type: 'string' } } as const;

/** Standard input can be read once, and some verbs open the library twice. */
const readBefore = new WeakMap<VerbArguments['options'], ReadonlyMap<string, string>>();

/** The longest secret that is read, bytes. */
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * First line of the file that an option names, `-` = standard input.
 * @returns null = the option is not there @throws Refusal NOT_FOUND, BAD_INPUT
 */
export function secretFrom(options: VerbArguments['options'], name = 'unlock'): string | null {
  const file = options[name];
  if (typeof file !== 'string') return null;
  const known = readBefore.get(options)?.get(name);
  if (known !== undefined) return known;
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8');
    if (text.length > MAX_SECRET_BYTES) throw new Error('it is too large');
    const line = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
    if (line !== '') {
      readBefore.set(options, new Map([...(readBefore.get(options) ?? []), [name, line]]));
      return line;
    }
  } catch (error) {
    throw new Refusal('NOT_FOUND', `The file of --${name} could not be read: ${(error as Error).message}`);
  }
  throw new Refusal('BAD_INPUT', `The first line of the file of --${name} is empty.`);
}

export const UNSEEN_RECOVERY_KEY =
  'Nobody has said that they keep the recovery key of this library; it may never have been shown. Make one: chestlight encryption recovery --library L --unlock FILE';

/** Says so where nobody may have seen the recovery key of the library that a verb has opened. */
export function tellUnseenRecoveryKey({ access, dir }: LibraryFiles): void {
  if (access !== null && !recoveryKeyIsKept(dir)) tell(`warning: ${UNSEEN_RECOVERY_KEY}`);
}

/** What opens the library, for whoever opens it; tells how far a conversion is. */
export function unlocking(options: VerbArguments['options']) {
  let told = 0;
  return {
    secret: secretFrom(options),
    onConvert: (done: number, total: number): void => {
      if (done < total && Date.now() - told < 2000) return;
      told = Date.now();
      process.stderr.write(`changing the encryption: ${done} of ${total} files\n`);
    },
  };
}

/** A refusal in the words of a verb: how to give what is asked for. */
export function refusalOf(error: ServiceError): Refusal {
  const how =
    error.code === 'PASSPHRASE_NEEDED'
      ? ' On the command line: --unlock FILE (first line; - reads standard input).'
      : '';
  return new Refusal(error.code, `${error.message}${how}`, error.detail);
}

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
    const workerHost = verbWorkers();
    const library = await openLibrary(dir, {
      ...{ clock: Date, log: stderrLog, workerHost, goBackTo },
      ...unlocking(options),
    });
    try {
      tellUnseenRecoveryKey(library.files);
      if (writes) library.files.refuseIfReadOnly();
      refuseOutputsInEncrypted(library.files, options);
      return await work(library);
    } finally {
      await library.close();
    }
  } catch (error) {
    if (error instanceof ServiceError) throw refusalOf(error);
    throw error;
  }
}
