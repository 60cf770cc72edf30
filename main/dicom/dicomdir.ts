/** @file DICOMDIR (PS3.10 section 8): which files of a medium it lists. The caller joins the parts below its own folder. */
import { sequenceItems } from './data-set.ts';
import { FilmError } from './film-error.ts';
import { looksLikeDicom, readDicomFile } from './part10.ts';
import { stringValue, stringValues } from './values.ts';

const TAG_RECORDS = 0x00041220;
const TAG_FILE_ID = 0x00041500;
const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

export interface DirectoryFiles {
  readonly files: readonly (readonly string[])[];
  readonly unsafe: number;
}

/** True when the bytes are a DICOMDIR, whatever the file is called. */
export function isDicomdir(bytes: Uint8Array): boolean {
  if (!looksLikeDicom(bytes)) return false;
  try {
    const { meta } = readDicomFile(bytes);
    return meta !== null && stringValue(meta, 0x00020002) === MEDIA_DIRECTORY;
  } catch (error) {
    if (error instanceof FilmError) return false;
    throw error;
  }
}

/**
 * Paths of the referenced files as parts, e.g. `['IMG', 'I0000001']`, in file order without repeats; and how many records name
 * what is no DICOM file ID (PS3.10 8.2: it could climb out of the folder).
 * @throws FilmError MALFORMED, NOT_AN_IMAGE …
 */
export function dicomdirFiles(bytes: Uint8Array): DirectoryFiles {
  const { dataSet } = readDicomFile(bytes);
  const seen = new Set<string>();
  const files: (readonly string[])[] = [];
  let unsafe = 0;
  for (const record of sequenceItems(dataSet, TAG_RECORDS)) {
    const parts = stringValues(record, TAG_FILE_ID);
    if (parts.length === 0) continue;
    if (!parts.every((part) => /^[A-Za-z0-9_.-]{1,64}$/.test(part) && !/^\.+$/.test(part))) {
      unsafe += 1;
      continue;
    }
    const key = parts.join('/');
    if (!seen.has(key)) files.push(parts);
    seen.add(key);
  }
  return { files, unsafe };
}
