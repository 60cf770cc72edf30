/**
 * @file Encryption of a library as a whole: begun, taken off again, its passphrase and recovery key changed, a conversion that was cut off
 * brought to its end. The key is never written; encryption.json holds it wrapped (main/files/key-slots.ts).
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { translateDiskError } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { convertFiles, largestConvertible } from '../../files/convert-files.ts';
import { ensureSpace, realDisk, type Disk } from '../../files/disk.ts';
import {
  databaseKey,
  isRecoveryKept,
  makeKeys,
  secretOf,
  stateOf,
  unlockTyped,
  withPassphrase,
  withRecoveryKept,
  withRecoveryKey,
  withState,
  type EncryptionState,
} from '../../files/key-slots.ts';
import { openLibraryFiles } from '../../files/library-files.ts';
import { takeLock } from '../../files/library-lock.ts';
import { convertDatabase } from '../../store/convert-database.ts';
import { openStore } from '../../store/store.ts';

export const ENCRYPTION_FILE = 'encryption.json';

interface Options {
  readonly clock: { now(): number };
  readonly disk?: Disk;
}

export interface Converted {
  readonly to: 'encrypted' | 'plain';
  /** Files that could not be opened, and stay sealed. */
  readonly damaged: readonly string[];
  /** Copies of the database that were damaged, and are gone. */
  readonly removedCopies: readonly string[];
}

const pathOf = (dir: string): string => join(dir, ENCRYPTION_FILE);

/** encryption.json; null = the library is plain, or there is none. */
export function readKeyFile(dir: string): Uint8Array | null {
  try {
    return existsSync(pathOf(dir)) ? readFileSync(pathOf(dir)) : null;
  } catch (error) {
    throw translateDiskError(error);
  }
}

/** @throws ServiceError CORRUPT_LIBRARY */
export function encryptionOf(dir: string): EncryptionState | 'plain' {
  const file = readKeyFile(dir);
  return file === null ? 'plain' : stateOf(file);
}

function required(dir: string): Uint8Array {
  const file = readKeyFile(dir);
  if (file !== null) return file;
  throw new ServiceError('CONFLICT', 'This library is not encrypted. Nothing was changed.');
}

/** Runs `work` while nobody else has the library. @throws ServiceError BUSY */
export async function withLock<T>(dir: string, { clock }: Options, work: () => Promise<T>): Promise<T> {
  const lock = takeLock(join(dir, 'library.lock'), clock.now());
  if (lock.heldBy !== null) {
    throw new ServiceError(
      'BUSY',
      'Another program has this library open. Nothing was changed; close it there and try again.',
      { pid: lock.heldBy.pid, host: lock.heldBy.host },
    );
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * Makes the library's key; the library is encrypted from its next opening on, a new one from its first. What was in it before is
 * converted by that opening.
 * @param passphrase at least SHORTEST_PASSPHRASE letters
 * @returns the recovery key as it is printed, which is nowhere else, and the library's key
 * @throws ServiceError BAD_INPUT, BUSY, CONFLICT (it is encrypted, or has films for others in it), CORRUPT_LIBRARY, DISK_FULL
 */
export async function beginEncryption(
  path: string,
  passphrase: string,
  options: Options,
): Promise<{ readonly recoveryKey: string; readonly key: Uint8Array }> {
  const dir = resolve(path);
  const { disk = realDisk } = options;
  if (readKeyFile(dir) !== null)
    throw new ServiceError('CONFLICT', 'This library is encrypted already. Nothing was changed.');
  await refuseDeidentified(dir);
  const isNew = !existsSync(join(dir, 'library.db'));
  const { file, recoveryKey, libraryKey } = await makeKeys(passphrase, isNew ? 'encrypted' : 'encrypting');
  if (isNew) {
    await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw translateDiskError(error);
    });
  } else await settle(dir, options);
  await withLock(dir, options, async () => {
    if (!isNew) await ensureSpace(disk, dir, await largestConvertible(dir));
    await writeFileAtomic(pathOf(dir), file, { mode: 0o600, disk });
  });
  return { recoveryKey, key: libraryKey };
}

/** Brings a plain library to rest: what a crash left is cleared, the database sound, of this layout and closed. */
async function settle(dir: string, options: Options): Promise<void> {
  const files = await openLibraryFiles(dir, options);
  try {
    if (files.lockedBy !== null) {
      throw new ServiceError(
        'BUSY',
        'This library is open in another program. Nothing was changed; close it there and try again.',
      );
    }
    openStore(files.databasePath, { clock: options.clock }).close();
  } finally {
    files.close();
  }
}

/** De-identified films in the library's folder are there for others: sealed they were of no use, plain they were films to read. */
async function refuseDeidentified(dir: string): Promise<void> {
  const names = await readdir(join(dir, 'deidentified')).catch(() => []);
  if (names.length === 0) return;
  throw new ServiceError(
    'CONFLICT',
    'The library’s folder has de-identified films in it (deidentified/). Nothing was changed; move them to another folder first, as they could not be read by others once they are encrypted.',
    { folders: names.length },
  );
}

/** The library is plain again from its next opening on. @returns its key @throws ServiceError NOT_ALLOWED, CONFLICT, BUSY */
export async function beginDecryption(path: string, typed: string, options: Options): Promise<Uint8Array> {
  const dir = resolve(path);
  const file = required(dir);
  const key = await unlockTyped(file, typed);
  if (stateOf(file) !== 'encrypted') await finishConversion(dir, key, options);
  await withLock(dir, options, async () => {
    await ensureSpace(options.disk ?? realDisk, dir, await largestConvertible(dir));
    await writeFileAtomic(pathOf(dir), withState(required(dir), 'decrypting'), { mode: 0o600 });
  });
  return key;
}

/** @param typed passphrase or recovery key @throws ServiceError NOT_ALLOWED, BAD_INPUT, CONFLICT; then the old passphrase stays */
export async function changePassphrase(path: string, typed: string, passphrase: string): Promise<void> {
  const dir = resolve(path);
  const file = required(dir);
  const changed = await withPassphrase(file, await secretOf(file, typed), passphrase);
  await writeFileAtomic(pathOf(dir), changed, { mode: 0o600 });
}

/** False = the library's recovery key may never have been seen; a plain library has none. @throws ServiceError CORRUPT_LIBRARY */
export function recoveryKeyIsKept(path: string): boolean {
  const file = readKeyFile(resolve(path));
  return file === null || isRecoveryKept(file);
}

/** Somebody has said that they keep the recovery key. @throws ServiceError CONFLICT, CORRUPT_LIBRARY, DISK_FULL */
export async function confirmRecoveryKey(path: string): Promise<void> {
  const dir = resolve(path);
  await writeFileAtomic(pathOf(dir), withRecoveryKept(required(dir)), { mode: 0o600 });
}

/** Draws a new recovery key; the one before opens nothing any more. @returns as it is printed @throws ServiceError as changePassphrase */
export async function changeRecoveryKey(path: string, typed: string): Promise<string> {
  const dir = resolve(path);
  const file = required(dir);
  const changed = await withRecoveryKey(file, await secretOf(file, typed));
  await writeFileAtomic(pathOf(dir), changed.file, { mode: 0o600 });
  return changed.recoveryKey;
}

export interface OpenOptions extends Options {
  /** Passphrase or recovery key as it was typed. */
  readonly secret?: string | null;
  /** Instead of that: the key, by whoever has had it from this file before. */
  readonly key?: Uint8Array | null;
  readonly readOnly?: boolean;
  readonly onConvert?: (done: number, total: number) => void;
}

/**
 * The key of a library that is to be opened; a conversion that was begun is brought to its end first.
 * @returns null = it is plain
 * @throws ServiceError PASSPHRASE_NEEDED, NOT_ALLOWED (a wrong one), BAD_INPUT, CORRUPT_LIBRARY, BUSY, READ_ONLY, DISK_FULL
 */
export async function keyOfLibrary(
  path: string,
  options: OpenOptions,
): Promise<{ readonly key: Uint8Array | null; readonly converted: Converted | null }> {
  const dir = resolve(path);
  const file = readKeyFile(dir);
  if (file === null) return { key: null, converted: null };
  const { secret = null } = options;
  const given = options.key ?? null;
  if (secret === null && given === null) {
    throw new ServiceError(
      'PASSPHRASE_NEEDED',
      'This library is encrypted. Give its passphrase or its recovery key to open it.',
    );
  }
  const key = given ?? (await unlockTyped(file, secret ?? ''));
  if (stateOf(file) === 'encrypted') return { key, converted: null };
  if (options.readOnly === true) {
    throw new ServiceError(
      'READ_ONLY',
      'The encryption of this library is being changed. Open it once in the app, or with the verb "verify", which ends that; then try again.',
    );
  }
  const converted = await finishConversion(dir, key, options);
  return { key: converted.to === 'encrypted' ? key : null, converted };
}

/** Brings a conversion to its end. @throws ServiceError BUSY, DISK_FULL; then the next opening goes on */
async function finishConversion(
  dir: string,
  key: Uint8Array,
  options: Options & Pick<OpenOptions, 'onConvert'>,
): Promise<Converted> {
  return await withLock(dir, options, async () => {
    const file = required(dir);
    const to = stateOf(file) === 'encrypting' ? 'encrypted' : 'plain';
    const { disk = realDisk, onConvert } = options;
    const damaged = await convertFiles({
      ...{ root: dir, key, disk, to: to === 'encrypted' ? ('sealed' as const) : ('plain' as const) },
      ...(onConvert !== undefined && { onProgress: onConvert }),
    });
    const database = { file: join(dir, 'library.db'), key: databaseKey(key), to } as const;
    const removedCopies = convertDatabase(database);
    if (to === 'encrypted') {
      await writeFileAtomic(pathOf(dir), withState(required(dir), 'encrypted'), { mode: 0o600, disk });
    } else {
      try {
        rmSync(pathOf(dir));
        await disk.syncFolder(dir);
      } catch (error) {
        throw translateDiskError(error); // the next opening goes on
      }
    }
    return { to, damaged, removedCopies };
  });
}
