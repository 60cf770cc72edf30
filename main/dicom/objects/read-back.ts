/** @file Reads an object that Chestlight wrote with its own DICOM reader, so that an export is compared by another way than it took. */
import { sequenceItems, type DataSet } from '../data-set.ts';
import { readDicomFile } from '../part10.ts';
import { decimalValues, elementBytes, stringValue, textValue } from '../values.ts';

export interface ObjectFacts {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyUid: string;
  readonly patientName: string;
  /** Images that are referred to, each once. */
  readonly images: readonly string[];
  /** In their order. */
  readonly graphics: readonly { readonly type: string; readonly data: readonly number[] }[];
  /** Numeric values as they stand, in their order. */
  readonly numbers: readonly string[];
  /** Meanings of all codes that are values, in their order. */
  readonly codes: readonly string[];
  /** Texts of a report (0040,A160) and words at graphics (0070,0006), in their order. */
  readonly texts: readonly string[];
  /** Who says it: observers (0040,A123) and the creator of a presentation state (0070,0084). */
  readonly names: readonly string[];
  /** Frames that are referred to (0008,1160), from 1, in their order; none for a film of one frame. */
  readonly frames: readonly number[];
}

const GRAPHIC_DATA = 0x00700022;
const MAX_DEPTH = 16;
/** Text of our own objects is UTF-8; only the top level says so. */
const UTF8 = ['ISO_IR 192'];

/** @throws FilmError */
export function readObject(file: Uint8Array): ObjectFacts {
  const { dataSet } = readDicomFile(file);
  const images = new Set<string>();
  const graphics: ObjectFacts['graphics'][number][] = [];
  const codes: string[] = [];
  const numbers: string[] = [];
  const texts: string[] = [];
  const names: string[] = [];
  const frames: number[] = [];
  const visit = (set: DataSet, depth: number): void => {
    const image = stringValue(set, 0x00081155);
    if (image !== undefined) images.add(image);
    const number = stringValue(set, 0x0040a30a);
    if (number !== undefined) numbers.push(number);
    for (const [found, tags] of [
      [texts, [0x0040a160, 0x00700006]],
      [names, [0x0040a123, 0x00700084]],
    ] as const) {
      found.push(...tags.flatMap((tag) => textValue(set, tag, UTF8) ?? []));
    }
    frames.push(...decimalValues(set, 0x00081160).map((frame) => frame ?? NaN));
    const graphic = set.elements.get(GRAPHIC_DATA);
    if (graphic !== undefined) {
      graphics.push({ type: stringValue(set, 0x00700023) ?? '', data: floats(elementBytes(set, graphic)) });
    }
    for (const { tag, vr } of set.elements.values()) {
      const items = vr === 'SQ' && depth < MAX_DEPTH ? sequenceItems(set, tag) : [];
      if (tag === 0x0040a168) codes.push(...items.map((item) => textValue(item, 0x00080104, UTF8) ?? ''));
      for (const item of items) visit(item, depth + 1);
    }
  };
  visit(dataSet, 0);
  return {
    sopClassUid: stringValue(dataSet, 0x00080016) ?? '',
    sopInstanceUid: stringValue(dataSet, 0x00080018) ?? '',
    studyUid: stringValue(dataSet, 0x0020000d) ?? '',
    patientName: textValue(dataSet, 0x00100010, UTF8) ?? '',
    images: [...images],
    graphics,
    numbers,
    codes,
    texts,
    names,
    frames,
  };
}

/** 32-bit, little endian as written. */
function floats(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getFloat32(at * 4, true));
}
