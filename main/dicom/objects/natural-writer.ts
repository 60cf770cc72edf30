/** @file DICOM objects that Chestlight makes, by keyword, as Part 10 files: the one importer of dcmjs's writer. */
import { createRequire } from 'node:module';

import { IMPLEMENTATION_CLASS_UID } from '../part10-writer.ts';

export type NaturalValue =
  string | number | ArrayBuffer | readonly (string | number)[] | NaturalObject | readonly NaturalObject[];
/** Attributes by their keyword (PS3.6); a sequence is a list of these. `_vrMap` tells the VR of those that PS3.6 gives a choice of. */
export interface NaturalObject {
  readonly [keyword: string]: NaturalValue;
}

/** The part of dcmjs that is used here; the package has no types. */
interface WriterPackage {
  readonly data: {
    readonly DicomMetaDictionary: { denaturalizeDataset(object: object): object };
    readonly DicomDict: new (meta: object) => { meta: object; dict: object; write(): ArrayBuffer };
  };
}

/** A text without the control characters that DICOM has no place for (PS3.5 6.1.3): an escape would switch the character set. */
export function writableText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\t\n\f\r]/gu, '');
}

function writable(value: NaturalValue): NaturalValue {
  if (typeof value === 'string') return writableText(value);
  if (typeof value === 'number' || value instanceof ArrayBuffer) return value;
  if (Array.isArray(value)) return (value as readonly NaturalValue[]).map(writable) as NaturalValue;
  return Object.fromEntries(Object.entries(value).map(([keyword, one]) => [keyword, writable(one)]));
}

/** Explicit VR Little Endian; text is UTF-8. `object` names its SOP class and instance. */
export function writeObject(object: NaturalObject, version: string): Uint8Array {
  const { data } = createRequire(import.meta.url)('dcmjs') as WriterPackage;
  const natural = (value: object): object =>
    data.DicomMetaDictionary.denaturalizeDataset({ ...value, _vrMap: {} });
  const file = new data.DicomDict({});
  file.meta = natural({
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: object['SOPClassUID'],
    MediaStorageSOPInstanceUID: object['SOPInstanceUID'],
    TransferSyntaxUID: '1.2.840.10008.1.2.1',
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: version.slice(0, 16),
  });
  file.dict = natural({ SpecificCharacterSet: 'ISO_IR 192', ...(writable(object) as NaturalObject) });
  return new Uint8Array(file.write());
}
