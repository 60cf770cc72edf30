/** @file Reads the index of a DICOM file-set for an import; the format itself is main/dicom's. */
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { dicomdirFiles, type DirectoryFiles } from '../../dicom/dicomdir.ts';
import { FilmError } from '../../dicom/film-error.ts';
import type { LibraryVault } from '../../files/vault.ts';

const MAX_INDEX_BYTES = 256 * 1024 * 1024;

/**
 * Path components of every file that the index names, in its order, relative to the index's folder; and how many it names unsafely.
 * @throws ServiceError UNREADABLE_FILE
 */
export async function readDicomDir(path: string, vault: LibraryVault): Promise<DirectoryFiles> {
  if ((await vault.size(path)) > MAX_INDEX_BYTES) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The DICOMDIR is larger than 256 MB. Choose its folder instead.',
    );
  }
  try {
    return dicomdirFiles(await vault.read(path));
  } catch (error) {
    if (!(error instanceof FilmError)) throw error;
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The DICOMDIR cannot be read: ${error.message} Choose the folder with the films instead.`,
      { cause: error.code },
    );
  }
}
