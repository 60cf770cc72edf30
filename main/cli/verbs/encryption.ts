/**
 * @file `encryption`: whether a library is encrypted; encrypts it, takes that off again, changes passphrase or recovery key. Secrets come from
 * files or standard input, never as arguments.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import {
  beginDecryption,
  beginEncryption,
  changePassphrase,
  changeRecoveryKey,
  confirmRecoveryKey,
  encryptionOf,
  recoveryKeyIsKept,
  withLock,
} from '../../services/library/encryption.ts';
import { openLibrary } from '../../services/library/open-library.ts';
import { defaultLibraryFolder } from '../../services/system/data-folder.ts';
import {
  LIBRARY_OPTION,
  refusalOf,
  secretFrom,
  stderrLog,
  unlocking,
  UNSEEN_RECOVERY_KEY,
  withLibrary,
} from '../library-option.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';
import { verbWorkers } from '../verb-workers.ts';

type Options = VerbArguments['options'];

const STATE_WORDS = {
  plain: 'The library is not encrypted.',
  encrypted: 'The library is encrypted.',
  encrypting: 'The library is being encrypted: opening it goes on with that.',
  decrypting: 'The encryption is being taken off the library: opening it goes on with that.',
} as const;

const folderOf = (options: Options): string =>
  resolve(typeof options.library === 'string' ? options.library : defaultLibraryFolder());

function needed(options: Options, name: string): string {
  const secret = secretFrom(options, name);
  if (secret !== null) return secret;
  throw new Refusal(
    'BAD_INPUT',
    `Name a file whose first line is the ${name === 'unlock' ? 'passphrase or the recovery key' : 'new passphrase'}: --${name} FILE (- reads standard input).`,
  );
}

function recoveryWords(recoveryKey: string): string {
  return [
    'Recovery key (print it, keep it apart from this computer; it is not told again):',
    '',
    `  ${recoveryKey}`,
    '',
    'Whoever has it can open the library. Without it and without the passphrase nobody can, and nobody can help.',
  ].join('\n');
}

async function turnOn(options: Options): Promise<VerbResult> {
  const dir = folderOf(options);
  const passphrase = needed(options, 'new-passphrase');
  // Begun before and cut off: that one's recovery key may not have been seen, so there is another.
  const isNew = recoveryKeyIsKept(dir) || encryptionOf(dir) === 'decrypting';
  const recoveryKey = isNew
    ? (await beginEncryption(dir, passphrase, { clock: Date })).recoveryKey
    : await withLock(dir, { clock: Date }, () => changeRecoveryKey(dir, passphrase));
  // Told before the work: whatever cuts that off, the key was seen.
  if (options.json !== true) process.stderr.write(`${recoveryWords(recoveryKey)}\n`);
  try {
    const opening = { ...unlocking({}), secret: passphrase };
    await (
      await openLibrary(dir, { clock: Date, log: stderrLog, workerHost: verbWorkers(), ...opening })
    ).close();
  } catch (error) {
    // The library has its key already: it must be told with the refusal.
    if (!(error instanceof ServiceError)) throw error;
    throw new Refusal(
      error.code,
      `${error.message} The library has its passphrase; open it with that to go on.`,
      { ...error.detail, recoveryKey },
    );
  }
  await confirmRecoveryKey(dir);
  return {
    json: { state: 'encrypted', recoveryKey },
    text: 'The library is encrypted. The recovery key stands above.',
  };
}

async function turnOff(options: Options): Promise<VerbResult> {
  await beginDecryption(folderOf(options), needed(options, 'unlock'), { clock: Date });
  await withLibrary(options, true, () => Promise.resolve());
  return {
    json: { state: 'plain' },
    text: 'The library is not encrypted any more: whoever has its folder can read it.',
  };
}

async function run(action: string | undefined, options: Options): Promise<VerbResult> {
  const dir = folderOf(options);
  switch (action) {
    case undefined:
    case 'status': {
      const isThere = existsSync(join(dir, 'library.db')) || encryptionOf(dir) !== 'plain';
      if (!isThere) throw new Refusal('NOT_FOUND', 'There is no library in this folder.');
      const state = encryptionOf(dir);
      const recoveryKept = recoveryKeyIsKept(dir);
      const unseen = recoveryKept ? '' : `\n${UNSEEN_RECOVERY_KEY}`;
      return { json: { state, recoveryKept }, text: `${STATE_WORDS[state]}${unseen}` };
    }
    case 'on':
      return await turnOn(options);
    case 'off':
      return await turnOff(options);
    case 'passphrase':
      await withLock(dir, { clock: Date }, () =>
        changePassphrase(dir, needed(options, 'unlock'), needed(options, 'new-passphrase')),
      );
      return {
        json: { changed: 'passphrase' },
        text: 'The passphrase was changed. The recovery key is the same. Older copies of the folder still open with the old one.',
      };
    case 'recovery': {
      const recoveryKey = await withLock(dir, { clock: Date }, async () => {
        const drawn = await changeRecoveryKey(dir, needed(options, 'unlock'));
        await confirmRecoveryKey(dir);
        return drawn;
      });
      return { json: { changed: 'recovery', recoveryKey }, text: recoveryWords(recoveryKey) };
    }
    default:
      throw new Refusal('BAD_INPUT', 'Use: chestlight encryption status|on|off|passphrase|recovery');
  }
}

export const encryption: Verb = {
  name: 'encryption',
  usage:
    'encryption [status] --library DIR · encryption on --new-passphrase FILE · encryption off --unlock FILE · encryption passphrase --unlock FILE --new-passphrase FILE · encryption recovery --unlock FILE',
  words: 1,
  summary:
    'whether a library is encrypted; encrypts a new or an existing one, takes that off, changes passphrase or recovery key',
  options: { ...LIBRARY_OPTION, 'new-passphrase': { type: 'string' } },
  run: async ({ positionals: [action], options }) => {
    try {
      return await run(action, options);
    } catch (error) {
      throw error instanceof ServiceError ? refusalOf(error) : error;
    }
  },
};
