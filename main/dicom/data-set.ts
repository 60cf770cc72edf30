/**
 * @file DICOM data set reader (PS3.5 section 7): bytes → elements with their places, nested sequences, fragments of
 * encapsulated pixels. It copies no values, bounds depth and element count, and says where a cut file ends.
 */
import { FILM_LIMITS, FilmError } from './film-error.ts';

export const TAG = {
  item: 0xfffee000,
  itemEnd: 0xfffee00d,
  sequenceEnd: 0xfffee0dd,
  pixelData: 0x7fe00010,
} as const;

/** A run of bytes inside the file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface Element extends Span {
  readonly tag: number;
  /** Two letters, or null where the transfer syntax does not write them. */
  readonly vr: string | null;
  /** Nested data sets of a sequence; undefined for other elements and for implicit sequences not yet asked for. */
  readonly items?: readonly DataSet[];
  /** Encapsulated pixel data: the offset table first, then the fragments. */
  readonly fragments?: readonly Span[];
  /** The element claims more bytes than the file has. Only pixel data may; `length` is then what there is. */
  readonly cut?: boolean;
}

export interface Encoding {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

export interface DataSet extends Encoding {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly elements: ReadonlyMap<number, Element>;
  /** Sequences that it lies in: what is read later counts from here. */
  readonly depth: number;
}

/** Counts what a file holds over all levels, so that nesting cannot multiply. */
interface Budget {
  elements: number;
  fragments: number;
}

interface Reader extends Encoding {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly budget: Budget;
  readonly depth: number;
}

const UNDEFINED_LENGTH = 0xffffffff;
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const SHORT_VRS = new Set('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));

/** True for the value representations of PS3.5 table 6.2-1. */
export function isKnownVr(vr: string): boolean {
  return LONG_VRS.has(vr) || SHORT_VRS.has(vr);
}

/** True for VRs with a length of 32 bits in explicit files (PS3.5 7.1.2). */
export function isLongVr(vr: string): boolean {
  return LONG_VRS.has(vr);
}

/** `(0028,0010)`. */
export function formatTag(tag: number): string {
  const hex = (tag >>> 0).toString(16).padStart(8, '0').toUpperCase();
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

/**
 * Reads the data set in `bytes` from `start` on. Reading stops behind the pixel data: what may follow (padding, digital
 * signatures) is of no use here and often damaged.
 * @throws FilmError TRUNCATED, MALFORMED or TOO_LARGE
 */
export function readDataSet(bytes: Uint8Array, start: number, encoding: Encoding): DataSet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { ...encoding, bytes, view, budget: { elements: 0, fragments: 0 }, depth: 0 };
  return readElements(reader, start, bytes.length, false).dataSet;
}

/**
 * The nested data sets of a sequence element. An implicit sequence of known length is read here, at first use; the result
 * is empty when its bytes are no sequence.
 * @throws FilmError TRUNCATED, MALFORMED (also where it is nested too deep) or TOO_LARGE
 */
export function sequenceItems(dataSet: DataSet, tag: number): readonly DataSet[] {
  const element = dataSet.elements.get(tag);
  if (element === undefined || element.length === 0) return element?.items ?? [];
  if (element.items !== undefined) return element.items;
  const { bytes, view, explicit, littleEndian, depth } = dataSet;
  const budget = { elements: 0, fragments: 0 };
  const reader = {
    bytes,
    view,
    budget,
    depth: depth + 1,
    explicit: element.vr === 'UN' ? false : explicit,
    littleEndian,
  };
  if (readTag(reader, element.offset) !== TAG.item) return [];
  return readItems(reader, element.offset, element.offset + element.length, false).items;
}

interface Read {
  readonly dataSet: DataSet;
  readonly end: number;
}

function readElements(reader: Reader, start: number, end: number, untilItemEnd: boolean): Read {
  const elements = new Map<number, Element>();
  const { bytes, view, explicit, littleEndian, depth } = reader;
  const dataSet: DataSet = { bytes, view, explicit, littleEndian, elements, depth };
  let at = start;
  while (at < end) {
    if (end - at < 8) {
      if (untilItemEnd || hasContent(bytes, at, end)) throw cutAt(at);
      break;
    }
    const tag = readTag(reader, at);
    if (tag === TAG.itemEnd || tag === TAG.sequenceEnd) {
      if (!untilItemEnd || tag !== TAG.itemEnd) throw malformed('an item ends that never began', at);
      return { dataSet, end: at + 8 };
    }
    if (tag === 0 && !hasContent(bytes, at, end)) break;
    countElement(reader.budget);
    const { element, next } = readElement(reader, tag, at, end);
    if (!elements.has(tag)) elements.set(tag, element);
    at = next;
    if (tag === TAG.pixelData && reader.depth === 0) break;
  }
  if (untilItemEnd) throw cutAt(at);
  return { dataSet, end: at };
}

function readElement(
  reader: Reader,
  tag: number,
  at: number,
  end: number,
): { element: Element; next: number } {
  const { vr, length, offset } = readHead(reader, at, end);
  if (length === UNDEFINED_LENGTH) {
    if (tag === TAG.pixelData && reader.depth === 0) {
      const found = readFragments(reader, offset, end);
      const { fragments, cut, next } = found;
      return { element: { tag, vr, offset, length: next - offset, fragments, cut }, next };
    }
    if (vr === 'OB' || vr === 'OW') {
      const found = readFragments(reader, offset, end);
      if (found.cut) throw cutAt(offset);
      return {
        element: { tag, vr, offset, length: found.next - offset, fragments: found.fragments },
        next: found.next,
      };
    }
    const nested = vr === 'UN' ? { ...reader, explicit: false, littleEndian: true } : reader;
    const { items, next } = readItems({ ...nested, depth: reader.depth + 1 }, offset, end, true);
    return { element: { tag, vr, offset, length: next - offset, items }, next };
  }
  if (length > end - offset) {
    if (tag !== TAG.pixelData || reader.depth > 0) throw cutAt(at, tag);
    return { element: { tag, vr, offset, length: end - offset, cut: true }, next: end };
  }
  const next = offset + length;
  if (vr !== 'SQ') return { element: { tag, vr, offset, length }, next };
  const { items } = readItems({ ...reader, depth: reader.depth + 1 }, offset, next, false);
  return { element: { tag, vr, offset, length, items }, next };
}

/** VR, value length and value offset of the element at `at` (PS3.5 7.1.2 and 7.1.3). */
function readHead(
  reader: Reader,
  at: number,
  end: number,
): { vr: string | null; length: number; offset: number } {
  const { view, littleEndian } = reader;
  if (!reader.explicit) return { vr: null, length: view.getUint32(at + 4, littleEndian), offset: at + 8 };
  const a = view.getUint8(at + 4);
  const b = view.getUint8(at + 5);
  const letters = a >= 65 && a <= 90 && b >= 65 && b <= 90;
  if (!letters) return { vr: null, length: view.getUint32(at + 4, littleEndian), offset: at + 8 };
  const vr = String.fromCharCode(a, b);
  if (SHORT_VRS.has(vr)) return { vr, length: view.getUint16(at + 6, littleEndian), offset: at + 8 };
  if (end - at < 12) throw cutAt(at);
  return { vr, length: view.getUint32(at + 8, littleEndian), offset: at + 12 };
}

/** Items of a sequence from `start` to `end`, or to its delimiter when the length is undefined. */
function readItems(
  reader: Reader,
  start: number,
  end: number,
  untilSequenceEnd: boolean,
): { items: DataSet[]; next: number } {
  if (reader.depth > FILM_LIMITS.depth) {
    throw malformed(`sequences are nested more than ${FILM_LIMITS.depth} levels deep`, start);
  }
  const items: DataSet[] = [];
  let at = start;
  while (at < end) {
    if (end - at < 8) throw cutAt(at);
    const tag = readTag(reader, at);
    const length = reader.view.getUint32(at + 4, reader.littleEndian);
    if (tag === TAG.sequenceEnd) return { items, next: at + 8 };
    if (tag !== TAG.item) throw malformed('a sequence holds something that is no item', at);
    countElement(reader.budget);
    const offset = at + 8;
    if (length === UNDEFINED_LENGTH) {
      const read = readElements(reader, offset, end, true);
      items.push(read.dataSet);
      at = read.end;
    } else {
      if (length > end - offset) throw cutAt(at);
      items.push(readElements(reader, offset, offset + length, false).dataSet);
      at = offset + length;
    }
  }
  if (untilSequenceEnd) throw cutAt(at);
  return { items, next: at };
}

/** Fragments of encapsulated pixel data (PS3.5 A.4). A missing delimiter or a short last fragment is `cut`. */
function readFragments(
  reader: Reader,
  start: number,
  end: number,
): { fragments: Span[]; next: number; cut: boolean } {
  const fragments: Span[] = [];
  let at = start;
  while (end - at >= 8) {
    const tag = readTag(reader, at);
    const length = reader.view.getUint32(at + 4, reader.littleEndian);
    if (tag === TAG.sequenceEnd) return { fragments, next: at + 8, cut: false };
    if (tag !== TAG.item || length === UNDEFINED_LENGTH) {
      throw malformed('compressed pixel data holds something that is no fragment', at);
    }
    reader.budget.fragments += 1;
    if (reader.budget.fragments > FILM_LIMITS.fragments) {
      throw new FilmError('TOO_LARGE', `The film has more than ${FILM_LIMITS.fragments} pixel fragments.`);
    }
    const offset = at + 8;
    fragments.push({ offset, length: Math.min(length, end - offset) });
    if (length > end - offset) return { fragments, next: end, cut: true };
    at = offset + length;
  }
  return { fragments, next: end, cut: true };
}

function readTag(reader: { view: DataView; littleEndian: boolean }, at: number): number {
  if (at + 4 > reader.view.byteLength) return 0;
  const group = reader.view.getUint16(at, reader.littleEndian);
  return ((group << 16) | reader.view.getUint16(at + 2, reader.littleEndian)) >>> 0;
}

function hasContent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return true;
  return false;
}

function countElement(budget: Budget): void {
  budget.elements += 1;
  if (budget.elements > FILM_LIMITS.elements) {
    throw new FilmError(
      'TOO_LARGE',
      `The file has more than ${FILM_LIMITS.elements} elements; it is not a film.`,
    );
  }
}

function cutAt(offset: number, tag?: number): FilmError {
  const where = tag === undefined ? '' : ` in ${formatTag(tag)}`;
  return new FilmError(
    'TRUNCATED',
    `The file ends in the middle of its header${where}. Copy it again from where it came from.`,
    { offset, tag: tag === undefined ? null : formatTag(tag) },
  );
}

function malformed(what: string, offset: number): FilmError {
  return new FilmError('MALFORMED', `The DICOM structure is damaged: ${what}. Ask for the film again.`, {
    offset,
  });
}
