/**
 * @file The folder of a library and everything in it that is not a row: library.db, library.key, library.lock,
 * encryption.json,
 * artifacts/aa/<sha256>, previews/, runs/, knowledge/, reports/, exports/, uploads/, tmp/. See
 * docs/decisions/0003-library-layout.md.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { createArtifactFiles, type ArtifactFiles } from './artifacts.ts';
import { TEMP_SUFFIX } from './atomic-write.ts';
import { ensureSpace, realDisk, type Disk } from './disk.ts';
import { sweep } from './leftovers.ts';
import { openLibraryKey, type PatientHash } from './library-key.ts';
import { heldWords, readLock, takeLock, type LibraryLock, type LockHolder } from './library-lock.ts';
import { createPreviewFiles, type PreviewFiles } from './previews.ts';
import { openSigningKey, type SigningKey } from './signing-key.ts';
import { openVault } from './sealed-vault.ts';
import { createUploads, type Uploads } from './uploads.ts';
import type { LibraryAccess, LibraryVault } from './vault.ts';

export interface LibraryFiles {
  /** Absolute path of the library's folder. */
  readonly dir: string;
  /** Name shown to a person: the folder's name. */
  readonly name: string;
  readonly databasePath: string;
  /** One folder per run; the run's process writes there. */
  readonly runsDir: string;
  /** One folder per knowledge cache. */
  readonly knowledgeDir: string;
  /** Reports as HTML files named by their SHA-256, for a person to open or copy. */
  readonly reportsDir: string;
  /** A folder per export, with its record <id>.json beside it. */
  readonly exportsDir: string;
  readonly tmpDir: string;
  readonly readOnly: boolean;
  /** What processes of the app need for the vault; null = the library is not encrypted. Never logged, never written. */
  readonly access: LibraryAccess | null;
  /** Reads and writes the files in the folders above. */
  readonly vault: LibraryVault;
  /** Who has the library open for writing when we do not. */
  readonly lockedBy: LockHolder | null;
  readonly artifacts: ArtifactFiles;
  readonly previews: PreviewFiles;
  readonly uploads: Uploads;
  readonly patientHash: PatientHash;
  /** Made at the first call. @throws ServiceError CORRUPT_LIBRARY, READ_ONLY */
  signingKey(): Promise<SigningKey>;
  /** Writes a file inside the library so that it is old or new, never half. */
  writeAtomic(path: string, content: Uint8Array): Promise<void>;
  freeBytes(): Promise<number>;
  /** @throws ServiceError DISK_FULL when `bytes` more would not fit */
  ensureSpace(bytes: number): Promise<void>;
  /** @throws ServiceError READ_ONLY */
  refuseIfReadOnly(): void;
  /** Gives the lock back. Safe to call twice. */
  close(): void;
}

export interface LibraryFilesOptions {
  readonly clock: { now(): number };
  /** Ask for read-only even when nobody else has the library open. */
  readonly readOnly?: boolean;
  readonly disk?: Disk;
  /** Key of an encrypted library, 32 bytes; null or absent = it is not encrypted. */
  readonly key?: Uint8Array | null;
}

export const FOLDERS = [
  'artifacts',
  'previews',
  'runs',
  'knowledge',
  'reports',
  'exports',
  'uploads',
  'tmp',
] as const;

/**
 * Opens the folder, making what is missing. When another process has it, it is opened read-only.
 * @throws ServiceError READ_ONLY, DISK_FULL, NOT_FOUND, CORRUPT_LIBRARY (library.key lost)
 */
export async function openLibraryFiles(path: string, options: LibraryFilesOptions): Promise<LibraryFiles> {
  const dir = resolve(path);
  const disk = options.disk ?? realDisk;
  const { key = null } = options;
  const access = key === null ? null : { root: dir, key };
  const vault = openVault(access, disk);
  const at = (name: string): string => join(dir, name);
  const databasePath = at('library.db');
  if (options.readOnly !== true) await makeFolders(dir);
  else if (!existsSync(databasePath)) {
    throw new ServiceError('NOT_FOUND', 'There is no library in this folder.', { dir });
  }

  const lock: LibraryLock =
    options.readOnly === true
      ? { heldBy: readLock(at('library.lock')), release: () => undefined }
      : takeLock(at('library.lock'), options.clock.now());
  const readOnly = options.readOnly === true || lock.heldBy !== null;
  try {
    const isNew = !existsSync(databasePath) || statSync(databasePath).size === 0;
    const patientHash = await openLibraryKey(at('library.key'), isNew && !readOnly, vault);
    if (!readOnly) await cleanLeftovers(dir);
    const refuseIfReadOnly = (): void => {
      if (readOnly) throw readOnlyError(lock.heldBy);
    };
    return {
      dir,
      name: basename(dir),
      databasePath,
      runsDir: at('runs'),
      knowledgeDir: at('knowledge'),
      reportsDir: at('reports'),
      exportsDir: at('exports'),
      tmpDir: at('tmp'),
      readOnly,
      access,
      vault,
      lockedBy: lock.heldBy,
      artifacts: guarded(createArtifactFiles(at('artifacts'), vault), refuseIfReadOnly),
      previews: createPreviewFiles(at('previews'), vault, refuseIfReadOnly),
      uploads: createUploads(at('uploads'), vault, refuseIfReadOnly),
      patientHash,
      signingKey: () => {
        refuseIfReadOnly();
        return openSigningKey(at('signing.key'), vault);
      },
      writeAtomic: (file, content) => {
        refuseIfReadOnly();
        return vault.write(file, content);
      },
      freeBytes: () => disk.freeBytes(dir),
      ensureSpace: (bytes) => ensureSpace(disk, dir, bytes),
      refuseIfReadOnly,
      close: () => {
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function guarded(artifacts: ArtifactFiles, refuseIfReadOnly: () => void): ArtifactFiles {
  return {
    ...artifacts,
    async put(content) {
      refuseIfReadOnly();
      return await artifacts.put(content);
    },
  };
}

function readOnlyError(heldBy: LockHolder | null): ServiceError {
  return new ServiceError(
    'READ_ONLY',
    heldBy === null
      ? 'This library is open read-only. Nothing was changed.'
      : `Nothing was changed: here it can be read only. ${heldWords(heldBy)}`,
    heldBy === null ? {} : { pid: heldBy.pid, host: heldBy.host, since: heldBy.since },
  );
}

async function makeFolders(dir: string): Promise<void> {
  try {
    for (const folder of FOLDERS) await mkdir(join(dir, folder), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateDiskError(error);
  }
}

/** Removes what a crash left: temporary files, unfinished uploads. Only the writer does this, before any work starts. */
async function cleanLeftovers(dir: string): Promise<void> {
  for (const folder of ['tmp', 'uploads']) {
    const names = await readdir(join(dir, folder));
    for (const name of names) await sweep(join(dir, folder, name));
  }
  await removeTemps(dir, false);
  await removeUnrecorded(join(dir, 'exports'));
  for (const folder of ['artifacts', 'previews', 'runs', 'knowledge', 'reports'])
    await removeTemps(join(dir, folder), true);
}

/** An export's record is written last: a folder without one was cut off. */
async function removeUnrecorded(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  for (const entry of entries) {
    if (!entry.isDirectory() || names.has(`${entry.name}.json`)) continue;
    await sweep(join(dir, entry.name));
  }
  await removeTemps(dir, false);
}

async function removeTemps(dir: string, deep: boolean): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: deep });
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(TEMP_SUFFIX)) continue;
    await sweep(join(entry.parentPath, entry.name));
  }
}
