/** @file What an object about a film takes over from it: patient, study, and which image is meant. */
import { createHash } from 'node:crypto';

import type { ModalityLut, VoiLut } from '../../../shared/domain/lut.ts';
import { readAspect, readSpacing } from '../attributes.ts';
import { sequenceItems } from '../data-set.ts';
import { readModalityLut, readVoiLuts } from '../grey-scale.ts';
import { readDicomFile } from '../part10.ts';
import { decimalValues, shortValue, stringValue, stringValues, textValue } from '../values.ts';
import type { NaturalObject } from './natural-writer.ts';

export interface FilmReference {
  /** Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1), as the film has them. */
  readonly study: NaturalObject;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  /** What the film opens with; null = it has no VOI LUT. */
  readonly voi: VoiLut | null;
  /** `type` is what its output means (PS3.3 C.11.1.1.2); null = the film has none. */
  readonly modality: { readonly lut: ModalityLut; readonly type: string } | null;
  /** Stored values may be negative. */
  readonly signed: boolean;
  readonly invert: boolean;
  /** [row, column] mm; null = not known. */
  readonly spacing: readonly [number, number] | null;
  /** Height : width of a pixel. */
  readonly aspect: number;
}

const TEXTS: readonly (readonly [keyword: string, tag: number])[] = [
  ['PatientName', 0x00100010],
  ['PatientID', 0x00100020],
  ['StudyID', 0x00200010],
  ['AccessionNumber', 0x00080050],
  ['ReferringPhysicianName', 0x00080090],
  ['StudyDescription', 0x00081030],
];
const STRINGS: readonly (readonly [keyword: string, tag: number])[] = [
  ['PatientBirthDate', 0x00100030],
  ['PatientSex', 0x00100040],
  ['StudyDate', 0x00080020],
  ['StudyTime', 0x00080030],
];
const UID = /^[0-9.]{1,64}$/;

/** (0008,0018) alone; null where the file has none. @throws FilmError */
export function readSopInstanceUid(file: Uint8Array): string | null {
  const value = stringValue(readDicomFile(file).dataSet, 0x00080018) ?? '';
  return UID.test(value) ? value : null;
}

/**
 * @param size of the film as it is shown
 * @returns null when the film names no study, series or instance
 * @throws FilmError
 */
export function readFilmReference(
  file: Uint8Array,
  size: { readonly rows: number; readonly cols: number; readonly frames: number },
): FilmReference | null {
  const { dataSet } = readDicomFile(file);
  const uid = (tag: number): string | null => {
    const value = stringValue(dataSet, tag) ?? '';
    return UID.test(value) ? value : null;
  };
  const [studyUid, seriesUid, sopClassUid, sopInstanceUid] = [
    0x0020000d, 0x0020000e, 0x00080016, 0x00080018,
  ].map(uid);
  if (!studyUid || !seriesUid || !sopClassUid || !sopInstanceUid) return null;
  const study = Object.fromEntries([
    ...TEXTS.map(([keyword, tag]) => [keyword, textValue(dataSet, tag) ?? '']),
    ...STRINGS.map(([keyword, tag]) => [keyword, stringValue(dataSet, tag) ?? '']),
    ['StudyInstanceUID', studyUid],
  ]) as NaturalObject;
  const signed = shortValue(dataSet, 0x00280103) === 1;
  const unsaid = (): void => undefined; // what is wrong with a LUT was told when the film was opened
  const lut = readModalityLut(dataSet, signed, unsaid);
  const [table] = sequenceItems(dataSet, 0x00283000);
  const type = table === undefined ? stringValue(dataSet, 0x00281054) : stringValue(table, 0x00283004);
  const hasLut =
    lut.kind === 'table' || lut.slope !== 1 || lut.intercept !== 0 || dataSet.elements.has(0x00281053);
  const [row, column] = decimalValues(dataSet, 0x00280030);
  return {
    study,
    studyUid,
    seriesUid,
    sopClassUid,
    sopInstanceUid,
    ...size,
    voi: readVoiLuts(dataSet, lut, signed, unsaid)[0] ?? null,
    modality: hasLut ? { lut, type: type ?? 'US' } : null,
    signed,
    invert: stringValues(dataSet, 0x00280004)[0] === 'MONOCHROME1',
    spacing: row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : null,
    aspect: readAspect(dataSet, readSpacing(dataSet, stringValue(dataSet, 0x00080060) ?? null)),
  };
}

/** The image, as sequences refer to it; `frame` from 0 where the film has several. */
export function imageItem(
  { sopClassUid, sopInstanceUid, frames }: FilmReference,
  frame: number | null,
): NaturalObject {
  return {
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ...(frames > 1 && frame !== null && { ReferencedFrameNumber: frame + 1 }),
  };
}

/** A UID that follows from what it names (PS3.5 B.2, root 2.25): the same object exported again has the same one. */
export function uidFrom(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(parts.join('\0')).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80; // UUID version 8, variant 1
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${hash.subarray(0, 16).toString('hex')}`)}`;
}

/** `20261125` and `230512` of a time in milliseconds, UTC. */
export function dateAndTime(at: number): { readonly date: string; readonly time: string } {
  const digits = new Date(at).toISOString().replace(/\D/g, '');
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
}
