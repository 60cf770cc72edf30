/** @file Files that a window sends for an import: uploads/<uploadId>/<relative path>, each complete or absent. */
import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { errorCode, translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { formatBytes } from '../../shared/domain/numbers.ts';
import { ensureSpace } from './disk.ts';
import { sweep } from './leftovers.ts';
import type { LibraryVault } from './vault.ts';

/** Largest file that an upload may hold, bytes. */
export const MAX_UPLOAD_BYTES = 2 * 1024 * 1024 * 1024;

const UPLOAD_ID = /^[a-z0-9][a-z0-9-]{7,63}$/;

export interface Uploads {
  /** Folder of an upload. @throws ServiceError NOT_FOUND when nothing was uploaded under that id */
  folder(uploadId: string): Promise<string>;
  /** Writes one file. @throws ServiceError BAD_INPUT, DISK_FULL; then the file is absent */
  save(
    uploadId: string,
    relativePath: string,
    body: AsyncIterable<Uint8Array>,
    declaredBytes: number | null,
  ): Promise<void>;
  discard(uploadId: string): Promise<void>;
}

export function createUploads(root: string, vault: LibraryVault, refuseIfReadOnly: () => void): Uploads {
  const folderOf = (uploadId: string): string => {
    if (!UPLOAD_ID.test(uploadId)) throw new ServiceError('BAD_INPUT', 'This is not the id of an upload.');
    return join(root, uploadId);
  };
  return {
    async folder(uploadId) {
      const dir = folderOf(uploadId);
      try {
        if ((await lstat(dir)).isDirectory()) return dir;
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
      throw new ServiceError('NOT_FOUND', 'The uploaded files are gone. Choose the files again.', {
        uploadId,
      });
    },
    async save(uploadId, relativePath, body, declaredBytes) {
      refuseIfReadOnly();
      const target = join(folderOf(uploadId), ...confinedSegments(relativePath));
      refuseTooLarge(declaredBytes ?? 0);
      await ensureSpace(vault.disk, root, declaredBytes ?? 0);
      try {
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      } catch (error) {
        throw translateDiskError(error);
      }
      await vault.write(target, limited(body, declaredBytes));
    },
    async discard(uploadId) {
      await sweep(folderOf(uploadId));
    },
  };
}

/** The parts of a relative path that stays inside its folder. @throws ServiceError BAD_INPUT */
export function confinedSegments(relativePath: string): readonly string[] {
  const segments = relativePath.split(/[\\/]/);
  const isSafe = (segment: string): boolean =>
    segment !== '' && segment !== '.' && segment !== '..' && segment.length <= 255 && !hasForbidden(segment);
  if (relativePath.length > 4096 || segments.length > 64 || !segments.every(isSafe)) {
    throw new ServiceError('BAD_INPUT', 'The file name cannot be stored safely: use a plain relative name.');
  }
  return segments;
}

/** Control characters and what Windows gives a meaning. */
function hasForbidden(segment: string): boolean {
  return [...segment].some((letter) => letter < ' ' || '<>:"|?*'.includes(letter)) || /[. ]$/.test(segment);
}

function refuseTooLarge(bytes: number): void {
  if (bytes <= MAX_UPLOAD_BYTES) return;
  throw new ServiceError('BAD_INPUT', `A file may have at most ${formatBytes(MAX_UPLOAD_BYTES)}.`, { bytes });
}

async function* limited(
  body: AsyncIterable<Uint8Array>,
  declared: number | null,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    refuseTooLarge(bytes);
    yield chunk;
  }
  if (declared !== null && bytes !== declared) {
    throw new ServiceError('BAD_INPUT', 'The upload of a file was cut off. Send it again.', {
      bytes,
      declared,
    });
  }
}
