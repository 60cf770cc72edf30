/**
 * @file Turns the files of a library's folder from plain to sealed, or back, one by one and each whole: cut off at any point, the same
 * call goes on with what is left. The database is main/store's affair.
 */
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { errorCode } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { TEMP_SUFFIX } from './atomic-write.ts';
import { realDisk, type Disk } from './disk.ts';
import { SEALED_MARK } from './sealed-file.ts';
import { sealedVault } from './sealed-vault.ts';
import { plainVault } from './vault.ts';

/** Folders whose files are films, or made of them. Uploads and tmp/ are emptied whenever a library opens. */
const CONVERTED_FOLDERS = ['artifacts', 'previews', 'runs', 'knowledge', 'reports', 'exports'] as const;
const CONVERTED_FILES = ['library.key', 'signing.key'] as const;
/** A database that was damaged and kept: nothing of ours reads it, and it holds what it held. */
const KEPT_DATABASE = /^library\.db\.damaged-\d+(-wal|-shm)?$/;

export interface ConvertFiles {
  /** The library's folder, whose lock the caller holds. */
  readonly root: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly to: 'sealed' | 'plain';
  readonly disk?: Disk;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * @returns names of sealed files that could not be opened: they stay as they are, `verify` names them
 * @throws ServiceError DISK_FULL, READ_ONLY; then every file is as it was or as it will be
 */
export async function convertFiles({
  root,
  key,
  to,
  disk = realDisk,
  onProgress = () => undefined,
}: ConvertFiles): Promise<readonly string[]> {
  const plain = plainVault(disk);
  const sealed = sealedVault({ root, key, disk });
  const opens = (path: string): Promise<boolean> =>
    sealed.size(path).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ServiceError && error.code === 'CORRUPT_LIBRARY') return false;
        throw error;
      },
    );
  const paths = await convertible(root);
  const damaged: string[] = [];
  for (const [index, path] of paths.entries()) {
    onProgress(index, paths.length);
    const isSealed = await hasMark(path);
    const mode = (await lstat(path)).mode & 0o777;
    if (to === 'sealed') {
      // A plain file that begins like a sealed one does not open, and is sealed.
      if (!isSealed || !(await opens(path))) await sealed.write(path, plain.stream(path), mode);
    } else if (isSealed) {
      if (await opens(path)) await tryPlain(path, mode);
      else damaged.push(path);
    }
  }
  onProgress(paths.length, paths.length);
  return damaged.map((path) => path.slice(root.length + 1));

  async function tryPlain(path: string, mode: number): Promise<void> {
    try {
      await plain.write(path, sealed.stream(path), mode);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'CORRUPT_LIBRARY') throw error;
      damaged.push(path);
    }
  }
}

async function hasMark(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(SEALED_MARK.length);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return bytesRead === head.length && SEALED_MARK.equals(head);
  } finally {
    await file.close();
  }
}

async function convertible(root: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const own = await readdir(root);
  for (const name of own) {
    if (CONVERTED_FILES.some((one) => one === name) || KEPT_DATABASE.test(name)) paths.push(join(root, name));
  }
  for (const folder of CONVERTED_FOLDERS) {
    const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true }).catch(
      (error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      },
    );
    for (const entry of entries) {
      if (entry.isFile() && !entry.name.endsWith(TEMP_SUFFIX)) paths.push(join(entry.parentPath, entry.name));
    }
  }
  return paths;
}

/** Bytes of the largest file that is converted: so much is needed beside it while it is. */
export async function largestConvertible(root: string): Promise<number> {
  let largest = 0;
  for (const path of await convertible(root)) largest = Math.max(largest, (await lstat(path)).size);
  return largest;
}
