/** @file The index of a DICOM file-set (PS3.10 chapter 8, PS3.3 annex F): which files it refers to. */
import { readFile, stat } from 'node:fs/promises';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sequenceItems } from '../../dicom/data-set.ts';
import { FilmError } from '../../dicom/film-error.ts';
import { readDicomFile } from '../../dicom/part10.ts';
import { stringValues } from '../../dicom/values.ts';

const TAG_RECORDS = 0x00041220;
const TAG_FILE_ID = 0x00041500;
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

/**
 * Path components of every file that the index names, in its order, relative to the index's folder.
 * @throws ServiceError UNREADABLE_FILE
 */
export async function readDicomDir(path: string): Promise<readonly (readonly string[])[]> {
  if ((await stat(path)).size > MAX_INDEX_BYTES) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The DICOMDIR is larger than 256 MB. Choose its folder instead.',
    );
  }
  try {
    const { dataSet } = readDicomFile(await readFile(path));
    return sequenceItems(dataSet, TAG_RECORDS)
      .map((record) => stringValues(record, TAG_FILE_ID).filter((part) => part !== ''))
      .filter((parts) => parts.length > 0);
  } catch (error) {
    if (!(error instanceof FilmError)) throw error;
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The DICOMDIR cannot be read: ${error.message} Choose the folder with the films instead.`,
      { cause: error.code },
    );
  }
}
