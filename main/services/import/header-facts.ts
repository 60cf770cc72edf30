/** @file What of a film's header tells whether a model was made for it. */
import { readAspect, readAttributes, readSpacing } from '../../dicom/attributes.ts';
import { definedTerm } from '../../dicom/deidentify/kept-attributes.ts';
import { looksLikeDicom, readDicomFile } from '../../dicom/part10.ts';
import { stringValue } from '../../dicom/values.ts';
import type { HeaderFacts } from './decode-messages.ts';

/** Words of the standard alone may stand in the database: a header may hold anything. */
export function factsOf(bodyPart: string | null, pixelAspect: number): HeaderFacts {
  return { pixelAspect, bodyPart: definedTerm(0x00180015, bodyPart) };
}

/** Of a file as it came, no pixels. @throws FilmError when a DICOM file's structure cannot be read */
export function headerFacts(bytes: Uint8Array, format: string): HeaderFacts {
  if (format !== 'dicom' || !looksLikeDicom(bytes)) return factsOf(null, 1);
  const { dataSet } = readDicomFile(bytes);
  const modality = stringValue(dataSet, 0x00080060) ?? null;
  const aspect = readAspect(dataSet, readSpacing(dataSet, modality));
  return factsOf(readAttributes(dataSet).bodyPart, aspect);
}
