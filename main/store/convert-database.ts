/**
 * @file Encrypts a library's database and its copies, or takes the encryption off again. Each file is converted as a draft beside it
 * and then takes its place: cut off at any point, the same call goes on with what is left.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { fileListOf, isSound, listBackups, remove, sync, syncFolder } from './backup.ts';
import { writeFileList } from './copy-files.ts';
import { changeKey, openHandle, type DatabaseKey } from './driver.ts';
import { translateSqliteError } from './sqlite-error.ts';

/** https://sqlite.org/fileformat.html#magic_header_string */
const PLAIN_MARK = Buffer.from('SQLite format 3\0', 'latin1');
const LOGS = ['-wal', '-shm', '-journal'] as const;

export interface ConvertDatabase {
  /** Path of library.db, which was closed in order and is open nowhere. */
  readonly file: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly to: 'encrypted' | 'plain';
}

/**
 * Copies that are damaged are removed, as nothing can be read from them but what somebody should not.
 * @returns ids of the copies that were removed
 * @throws ServiceError DISK_FULL, CORRUPT_LIBRARY (the database is damaged), BUSY; then every file is as it was or as it will be
 */
export function convertDatabase({ file, key, to }: ConvertDatabase): readonly string[] {
  const from: DatabaseKey = to === 'encrypted' ? null : key;
  const into: DatabaseKey = to === 'encrypted' ? key : null;
  try {
    removeDrafts(file);
    const removed: string[] = [];
    for (const { path, id } of listBackups(file)) {
      if (isPlain(path) === (to === 'plain')) continue;
      if (isSound(path, from)) convert(path, from, into, true);
      else {
        remove(path);
        remove(fileListOf(path));
        removed.push(id);
      }
    }
    if (existsSync(file) && statSync(file).size > 0 && isPlain(file) !== (to === 'plain')) {
      if (LOGS.some((suffix) => existsSync(`${file}${suffix}`))) throw inUse(file);
      convert(file, from, into, false);
    }
    return removed;
  } catch (error) {
    throw translateDiskError(translateSqliteError(error));
  }
}

function convert(path: string, from: DatabaseKey, into: DatabaseKey, isCopy: boolean): void {
  const draft = `${path}.tmp`;
  try {
    copyFileSync(path, draft);
    changeKey(draft, from, into);
    sync(draft);
    if (!isSound(draft, into)) {
      throw new ServiceError(
        'CORRUPT_LIBRARY',
        'The database could not be converted: what was written is not what was read. It is as it was; check the library and the disk.',
      );
    }
    // The list tells the hash of the copy as it lies on the disk.
    if (isCopy) writeList(draft, path, into);
    renameSync(draft, path);
    syncFolder(dirname(path));
  } finally {
    for (const suffix of ['', ...LOGS]) remove(`${draft}${suffix}`);
  }
}

function writeList(draft: string, path: string, key: DatabaseKey): void {
  const db = openHandle(draft, { readonly: true }, key);
  try {
    writeFileList(db, fileListOf(path), readFileSync(draft));
  } finally {
    db.close();
  }
}

/** What a conversion that was cut off left beside the database. */
function removeDrafts(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(basename(file)) && /\.tmp(-wal|-shm|-journal)?$/.test(name))
      remove(join(dirname(file), name));
  }
}

function isPlain(path: string): boolean {
  const handle = openSync(path, 'r');
  try {
    const head = Buffer.alloc(PLAIN_MARK.length);
    return readSync(handle, head, 0, head.length, 0) === head.length && PLAIN_MARK.equals(head);
  } finally {
    closeSync(handle);
  }
}

function inUse(file: string): ServiceError {
  return new ServiceError(
    'BUSY',
    'Another program is looking at this library. Its database is as it was; close that program and open the library again.',
    { file },
  );
}
