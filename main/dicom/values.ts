/**
 * @file Values of DICOM elements: text in the right character set, numbers in the right byte order. A missing or unreadable
 * value is undefined; whether that matters is for the caller to say.
 */
import { decodeText } from './character-set.ts';
import type { DataSet, Element } from './data-set.ts';

const TAG_CHARACTER_SET = 0x00080005;

/** VRs whose text depends on the character set (PS3.5 6.1.2.3); the others are plain ASCII. */
const CHARACTER_SET_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

/** The bytes of an element, not copied. */
export function elementBytes(dataSet: DataSet, element: Element): Uint8Array {
  return dataSet.bytes.subarray(element.offset, element.offset + element.length);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Values of (0008,0005) of this data set; empty when it names none. */
export function characterSets(dataSet: DataSet): readonly string[] {
  const element = dataSet.elements.get(TAG_CHARACTER_SET);
  if (element === undefined || element.length > 1024) return [];
  return latin1(elementBytes(dataSet, element))
    .split('\\')
    .map((term) => term.replace(/[\0 ]+$/, ''));
}

/** Plain ASCII values (CS, DS, IS, UI, DA, AS …), trimmed; a value may be empty. */
export function stringValues(dataSet: DataSet, tag: number): readonly string[] {
  const element = dataSet.elements.get(tag);
  if (element === undefined || element.length === 0 || element.length > 1_000_000) return [];
  return latin1(elementBytes(dataSet, element))
    .split('\\')
    .map((value) => value.replace(/[\0 ]+$/, '').trimStart());
}

/** First value of `stringValues`; undefined when missing or empty. */
export function stringValue(dataSet: DataSet, tag: number): string | undefined {
  return stringValues(dataSet, tag)[0] || undefined;
}

/** Text in the data set's character set (LO, SH, PN …), trimmed; undefined when missing or empty. */
export function textValue(dataSet: DataSet, tag: number, sets = characterSets(dataSet)): string | undefined {
  const element = dataSet.elements.get(tag);
  if (element === undefined || element.length > 1_000_000) return undefined;
  const text = decodeText(elementBytes(dataSet, element), sets);
  return text.replace(/[\0 ]+$/, '').trimStart() || undefined;
}

/** Numbers written as text (DS, IS). Undefined where a value is empty or no number, so that positions are kept. */
export function decimalValues(dataSet: DataSet, tag: number): readonly (number | undefined)[] {
  return stringValues(dataSet, tag).map((text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  });
}

export function decimalValue(dataSet: DataSet, tag: number): number | undefined {
  return decimalValues(dataSet, tag)[0];
}

/** 16-bit whole numbers (US, or SS when `signed`). */
export function shortValues(dataSet: DataSet, tag: number, signed = false): readonly number[] {
  const element = dataSet.elements.get(tag);
  if (element === undefined) return [];
  const values: number[] = [];
  const { view, littleEndian } = dataSet;
  for (let at = element.offset; at + 2 <= element.offset + element.length; at += 2) {
    values.push(signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian));
  }
  return values;
}

export function shortValue(dataSet: DataSet, tag: number, signed = false): number | undefined {
  const element = dataSet.elements.get(tag);
  if (element === undefined || element.length < 2) return undefined;
  const { view, littleEndian } = dataSet;
  return signed ? view.getInt16(element.offset, littleEndian) : view.getUint16(element.offset, littleEndian);
}

/** One value list as text, for the tags dialog: numbers by VR, text by character set, bytes by their count. */
export function displayValue(
  dataSet: DataSet,
  element: Element,
  vr: string,
  sets: readonly string[],
): string {
  const bytes = elementBytes(dataSet, element);
  const numbers = numberReaders[vr];
  if (numbers !== undefined) return numberText(dataSet, element, numbers);
  const readable =
    vr === 'UN' && bytes.length <= 256 && bytes.every((code) => code === 0 || (code >= 32 && code < 127));
  if (/^(OB|OD|OF|OL|OV|OW|UN|SQ)$/.test(vr) && !readable) return `${element.length} bytes`;
  const shown = bytes.subarray(0, MAX_SHOWN_BYTES);
  const text = CHARACTER_SET_VRS.has(vr) ? decodeText(shown, sets) : latin1(shown);
  const clean = text.replace(/[\0 ]+$/, '');
  return bytes.length > shown.length ? `${clean}… (${bytes.length} bytes)` : clean;
}

const MAX_SHOWN_BYTES = 4096;
const MAX_SHOWN_NUMBERS = 64;

interface NumberReader {
  readonly size: number;
  readonly read: (view: DataView, at: number, littleEndian: boolean) => number | bigint | string;
}

const hex4 = (value: number) => value.toString(16).padStart(4, '0').toUpperCase();

const numberReaders: Readonly<Record<string, NumberReader>> = {
  US: { size: 2, read: (view, at, le) => view.getUint16(at, le) },
  SS: { size: 2, read: (view, at, le) => view.getInt16(at, le) },
  UL: { size: 4, read: (view, at, le) => view.getUint32(at, le) },
  SL: { size: 4, read: (view, at, le) => view.getInt32(at, le) },
  UV: { size: 8, read: (view, at, le) => view.getBigUint64(at, le) },
  SV: { size: 8, read: (view, at, le) => view.getBigInt64(at, le) },
  FL: { size: 4, read: (view, at, le) => view.getFloat32(at, le) },
  FD: { size: 8, read: (view, at, le) => view.getFloat64(at, le) },
  AT: {
    size: 4,
    read: (view, at, le) => `(${hex4(view.getUint16(at, le))},${hex4(view.getUint16(at + 2, le))})`,
  },
};

function numberText(dataSet: DataSet, element: Element, reader: NumberReader): string {
  const count = Math.floor(element.length / reader.size);
  const values: string[] = [];
  for (let index = 0; index < Math.min(count, MAX_SHOWN_NUMBERS); index++) {
    const at = element.offset + index * reader.size;
    values.push(String(reader.read(dataSet.view, at, dataSet.littleEndian)));
  }
  if (count > MAX_SHOWN_NUMBERS) values.push(`… (${count} values)`);
  return values.join('\\');
}
