/**
 * @file Writes the files of an export beside their place, reads them back from the disk, has them compared, and only then puts
 * them where they belong: an export is there whole and checked, or not there.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errorCode, translateDiskError } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { TEMP_SUFFIX } from '../../files/atomic-write.ts';
import { type Disk } from '../../files/disk.ts';
import { sweep } from '../../files/leftovers.ts';
import { plainVault, type LibraryVault } from '../../files/vault.ts';
import type { ExportFile, FilesByName } from './annotation-set.ts';

export interface WrittenFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface CheckedWrite {
  /** Folder to be made, or filled where `replace` says so. Its parent must be there. */
  readonly folder: string;
  readonly files: Iterable<ExportFile> | AsyncIterable<ExportFile>;
  /**
   * Gets what was read back from the disk, and the folder where it lies now; throws or says why it is not what was meant;
   * null = it is.
   */
  readonly check: (files: FilesByName, folder: string) => Promise<string | null>;
  /** Files of the same names may be replaced. */
  readonly replace?: boolean;
  /** Of the library: what lies in its folder is encrypted where that is. */
  readonly vault?: LibraryVault;
  readonly signal?: AbortSignal;
}

/** @throws ServiceError CONFLICT the folder has something in it, DISK_FULL, READ_ONLY; then nothing is left behind */
export async function writeChecked(request: CheckedWrite): Promise<readonly WrittenFile[]> {
  const { folder, vault = plainVault() } = request;
  const { disk } = vault;
  const there = await entriesOf(folder);
  if (there !== null && there.length > 0 && request.replace !== true) {
    throw new ServiceError(
      'CONFLICT',
      `The folder ${folder} has files in it. Nothing was written; choose another one.`,
      { folder },
    );
  }
  const parent = dirname(folder);
  const staging = join(
    parent,
    `.${basename(folder).slice(0, 80)}.${randomBytes(6).toString('hex')}${TEMP_SUFFIX}`,
  );
  try {
    await mkdir(staging, { mode: 0o700 });
    const written: WrittenFile[] = [];
    const whole = new Set<string>();
    for await (const { name, bytes } of request.files) {
      request.signal?.throwIfAborted();
      const { content, told } = counting(bytes);
      await vault.write(join(staging, name), content);
      written.push({ name, path: join(folder, name), ...told() });
      if (bytes instanceof Uint8Array) whole.add(name);
    }
    await check(vault, staging, written, whole, request.check);
    request.signal?.throwIfAborted();
    await place(staging, folder, written, there, disk);
    return written;
  } catch (error) {
    throw missingFolder(error, parent) ?? translateDiskError(error);
  } finally {
    await sweep(staging);
  }
}

/** Content on its way to the disk, and afterwards its size and hash. */
function counting(bytes: ExportFile['bytes']) {
  const hash = createHash('sha256');
  let size = 0;
  async function* passing(): AsyncGenerator<Uint8Array> {
    for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
      hash.update(part);
      size += part.byteLength;
      yield part;
    }
  }
  return { content: passing(), told: () => ({ sha256: hash.digest('hex'), bytes: size }) };
}

async function hashOf(vault: LibraryVault, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of vault.stream(path)) hash.update(part);
  return hash.digest('hex');
}

async function check(
  vault: LibraryVault,
  staging: string,
  written: readonly WrittenFile[],
  whole: ReadonlySet<string>,
  compare: CheckedWrite['check'],
): Promise<void> {
  const read = new Map<string, Uint8Array>();
  for (const { name, sha256 } of written) {
    const path = join(staging, name);
    if ((await hashOf(vault, path)) !== sha256)
      throw notAsWritten(`${name} does not read back as it was written`);
    if (whole.has(name)) read.set(name, await vault.read(path));
  }
  const problem = await compare(read, staging);
  if (problem !== null) throw notAsWritten(problem);
}

function notAsWritten(why: string): ServiceError {
  return new ServiceError(
    'UNREADABLE_FILE',
    `The export was checked and is not what it should be: ${why}. It was thrown away and the library is as it was; check the disk and export again.`,
  );
}

async function place(
  staging: string,
  folder: string,
  written: readonly WrittenFile[],
  there: readonly string[] | null,
  disk: Disk,
): Promise<void> {
  if (there === null) await disk.rename(staging, folder);
  else for (const { name } of written) await rename(join(staging, name), join(folder, name));
  await disk.syncFolder(there === null ? dirname(folder) : folder);
}

async function entriesOf(folder: string): Promise<readonly string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (errorCode(error) !== 'ENOTDIR') throw translateDiskError(error);
    throw new ServiceError('CONFLICT', `${folder} is a file. Nothing was written; choose a folder.`, {
      folder,
    });
  }
}

function missingFolder(error: unknown, parent: string): ServiceError | null {
  if (errorCode(error) !== 'ENOENT') return null;
  return new ServiceError('NOT_FOUND', `There is no folder ${parent}. Nothing was written; make it first.`, {
    folder: parent,
  });
}
