/**
 * @file Writes a Part 10 file (PS3.10 7.1) in Explicit VR Little Endian: empty preamble, file meta of our own, elements in order,
 * sequences with defined lengths. Values come as bytes in little endian, or as items.
 */
import { formatTag, isLongVr } from './data-set.ts';
import { EXPLICIT_LITTLE } from './transfer-syntax.ts';

export interface NewElement {
  readonly tag: number;
  readonly vr: string;
  /** Little-endian value, unpadded; or the items of a sequence. */
  readonly value: Uint8Array | readonly NewDataSet[];
}

/** By tag, each once; `writePart10` sorts. */
export type NewDataSet = readonly NewElement[];

export interface NewMeta {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly implementationVersion: string;
}

/** Root 2.25 and a random number of 128 bits, made once for this program. */
export const IMPLEMENTATION_CLASS_UID = '2.25.127200300015346547753547024109452526356';

const MAX_SHORT = 0xfffe;

/** Text as bytes; several values are joined by backslashes before. */
export function textElement(tag: number, vr: string, text: string): NewElement {
  return { tag, vr, value: Buffer.from(text, 'utf8') };
}

/** @throws Error when a value is too long for its VR: the caller made it */
export function writePart10(meta: NewMeta, dataSet: NewDataSet): Uint8Array {
  const group = Buffer.concat(
    [
      { tag: 0x00020001, vr: 'OB', value: Uint8Array.of(0, 1) },
      textElement(0x00020002, 'UI', meta.sopClassUid),
      textElement(0x00020003, 'UI', meta.sopInstanceUid),
      textElement(0x00020010, 'UI', EXPLICIT_LITTLE.uid),
      textElement(0x00020012, 'UI', IMPLEMENTATION_CLASS_UID),
      textElement(0x00020013, 'SH', meta.implementationVersion.slice(0, 16)),
    ].flatMap(elementParts),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(group.length);
  const head = elementParts({ tag: 0x00020000, vr: 'UL', value: length });
  const parts = [Buffer.alloc(128), Buffer.from('DICM', 'latin1'), ...head, group, ...dataSetParts(dataSet)];
  return new Uint8Array(Buffer.concat(parts));
}

function dataSetParts(dataSet: NewDataSet): Uint8Array[] {
  return [...dataSet].sort((a, b) => a.tag - b.tag).flatMap(elementParts);
}

function elementParts({ tag, vr, value }: NewElement): Uint8Array[] {
  const body = value instanceof Uint8Array ? padded(vr, value) : value.flatMap(itemParts);
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const long = isLongVr(vr);
  if (!long && length > MAX_SHORT) throw new Error(`${formatTag(tag)} is too long for its VR ${vr}`);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(length, 8);
  else head.writeUInt16LE(length, 6);
  return [head, ...body];
}

function itemParts(item: NewDataSet): Uint8Array[] {
  const body = dataSetParts(item);
  const head = Buffer.alloc(8);
  head.writeUInt16LE(0xfffe, 0);
  head.writeUInt16LE(0xe000, 2);
  head.writeUInt32LE(
    body.reduce((sum, part) => sum + part.length, 0),
    4,
  );
  return [head, ...body];
}

/** Values have an even length: UIDs and bytes end in a zero, text in a space (PS3.5 6.2). */
function padded(vr: string, value: Uint8Array): Uint8Array[] {
  if (value.length % 2 === 0) return [value];
  const filler = vr === 'UI' || vr === 'OB' || vr === 'UN' ? 0 : 0x20;
  return [value, Uint8Array.of(filler)];
}
