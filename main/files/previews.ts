/**
 * @file previews/<film id>: files that make a film open at once. They are made from the film whenever they are missing, so
 * losing them loses nothing.
 */
import { join } from 'node:path';

import { ID_PATTERN, type FilmId } from '../../shared/domain/ids.ts';
import { errorCode, translateDiskError } from '../../shared/domain/disk-error.ts';
import type { LibraryVault } from './vault.ts';

export interface PreviewFiles {
  /** null when there is none. */
  read(filmId: FilmId): Promise<Uint8Array | null>;
  /** @throws ServiceError DISK_FULL, READ_ONLY */
  write(filmId: FilmId, content: Uint8Array): Promise<void>;
}

export function createPreviewFiles(
  dir: string,
  vault: LibraryVault,
  refuseIfReadOnly: () => void,
): PreviewFiles {
  const path = (filmId: FilmId): string => {
    if (!ID_PATTERN.test(filmId)) throw new Error('a preview is named by the id of its film');
    return join(dir, filmId);
  };
  return {
    async read(filmId) {
      try {
        return await vault.read(path(filmId));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return null;
        throw translateDiskError(error);
      }
    },
    async write(filmId, content) {
      refuseIfReadOnly();
      await vault.write(path(filmId), content, 0o400);
    },
  };
}
