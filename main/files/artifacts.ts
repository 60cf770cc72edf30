/**
 * @file Immutable, content-addressed files: artifacts/aa/<sha256>. Complete when they exist under that name; a row in the
 * database points at one only after that.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { errorCode, translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Disk } from './disk.ts';
import { hashOf, type LibraryVault } from './vault.ts';

export interface StoredArtifact {
  readonly sha256: string;
  readonly bytes: number;
}

export interface ArtifactFiles {
  /** Where the artifact lies, whether or not it exists. */
  path(sha256: string): string;
  /** Stores content and returns its address; what is already there and sound is not written again. */
  put(content: Uint8Array): Promise<StoredArtifact>;
  /** @throws ServiceError NOT_FOUND */
  read(sha256: string): Promise<Uint8Array>;
  /** Bytes of its content, or null when it is missing or does not open. */
  size(sha256: string): Promise<number | null>;
  /** Hash of what is on disk now; null when it is missing, '' when it does not open. */
  actualHash(sha256: string): Promise<string | null>;
  /** Addresses of everything on disk. */
  list(): Promise<readonly string[]>;
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function createArtifactFiles(root: string, vault: LibraryVault): ArtifactFiles {
  const path = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw new Error('an artifact is named by a SHA-256 in lower-case hexadecimal');
    return join(root, sha256.slice(0, 2), sha256);
  };
  const size = async (sha256: string): Promise<number | null> => {
    try {
      return await vault.size(path(sha256));
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || isDamaged(error)) return null;
      throw error;
    }
  };
  return {
    path,
    size,
    async put(content) {
      const sha256 = sha256Of(content);
      const isWhole =
        (await size(sha256)) === content.byteLength && (await hashFile(vault, path(sha256))) === sha256;
      if (!isWhole) {
        const target = path(sha256);
        await ensureFolder(dirname(target), root, vault.disk);
        await vault.write(target, content, 0o400);
      }
      return { sha256, bytes: content.byteLength };
    },
    async read(sha256) {
      try {
        return await vault.read(path(sha256));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw translateDiskError(error);
        throw new ServiceError(
          'NOT_FOUND',
          'A file of this library is missing. Check the library, then import the film again to restore it.',
          { sha256 },
        );
      }
    },
    actualHash: (sha256) => hashFile(vault, path(sha256)),
    async list() {
      const folders = (await readdir(root)).filter((name) => /^[0-9a-f]{2}$/.test(name)).sort();
      const names = await Promise.all(folders.map((folder) => readdir(join(root, folder))));
      return names.flat().filter((name) => /^[0-9a-f]{64}$/.test(name));
    },
  };
}

async function ensureFolder(dir: string, root: string, disk: Disk): Promise<void> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) await disk.syncFolder(root);
  } catch (error) {
    throw translateDiskError(error);
  }
}

/** Of an encrypted library: not what was written. */
const isDamaged = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'CORRUPT_LIBRARY';

async function hashFile(vault: LibraryVault, path: string): Promise<string | null> {
  try {
    return await hashOf(vault, path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (isDamaged(error)) return '';
    throw error;
  }
}
