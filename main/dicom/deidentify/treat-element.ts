/** @file One element of a film's header and the action for it → the element that is written instead, if any. */
import type { DataSet, Element } from '../data-set.ts';
import { textElement, type NewElement } from '../part10-writer.ts';
import { elementBytes } from '../values.ts';
import { decodeText } from '../character-set.ts';
import type { Outcome, Reason, Treatment } from './action.ts';
import { KEPT_ATTRIBUTES, type KeptAttribute } from './kept-attributes.ts';
import type { ProfileAction } from './profile.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { cappedAge, dummyValue, isStandardUid, isTime, isWellFormed, shiftDate } from './values.ts';

export interface Substitutes {
  readonly pseudonyms: Pseudonyms;
  /** Days that the patient's dates move. */
  readonly days: number;
}

const TEXT_VRS = new Set(['AE', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const TAG_IMAGE_TYPE = 0x00080008;
const TAG_MODALITY = 0x00080060;

/** Characters that a value of the VR may have (PS3.5 table 6.2-1). */
const MAX_CHARACTERS: Readonly<Record<string, number>> = { AE: 16, LO: 64, PN: 192, SH: 16, ST: 1024 };

function gone(reason: Reason): Outcome {
  return { element: null, treatment: 'removed', reason, after: '' };
}

function emptied(tag: number, vr: string, reason: Reason): Outcome {
  const value = vr === 'SQ' ? [] : new Uint8Array(0);
  return { element: { tag, vr, value }, treatment: 'emptied', reason, after: '' };
}

function written(tag: number, vr: string, text: string, treatment: Treatment, reason: Reason): Outcome {
  return { element: textElement(tag, vr, text), treatment, reason, after: text };
}

/** Values of an element as text, in the film's character sets, without padding and control characters. */
export function textValues(
  dataSet: DataSet,
  element: Element,
  vr: string,
  sets: readonly string[],
): string[] {
  if (element.length > 65_536) return [];
  const text = decodeText(elementBytes(dataSet, element), TEXT_VRS.has(vr) ? sets : []);
  const parts = ['LT', 'ST', 'UT', 'UR'].includes(vr) ? [text] : text.split('\\');
  return parts.map((part) => part.replaceAll(/\p{Cc}/gu, ' ').trim());
}

/** The action of the profile for an element that is no sequence. */
export function treatByProfile(
  action: Exclude<ProfileAction, 'U*'>,
  tag: number,
  vr: string,
  values: readonly string[],
  { pseudonyms, days }: Substitutes,
): Outcome {
  const filled = values.filter((value) => value !== '');
  switch (action) {
    case 'X':
      return gone('profile');
    case 'Z':
      return emptied(tag, vr, 'profile');
    case 'D': {
      const dummy = dummyValue(vr);
      return dummy === null ? gone('profile') : written(tag, vr, dummy, 'replaced', 'profile');
    }
    case 'U': {
      if (vr !== 'UI') return gone('odd-value');
      if (filled.length === 0) return emptied(tag, vr, 'profile');
      const uids = filled.map((uid) => (isStandardUid(uid) ? uid : pseudonyms.uid(uid)));
      return written(tag, vr, uids.join('\\'), 'new-uid', 'profile');
    }
    case 'shift':
      return movedDate(tag, vr, filled, days);
    case 'K':
      return keptByOption(tag, vr, filled);
  }
}

/** Whole days: a time of day stays as it is, an offset to UTC (SH) tells the region and goes. */
function movedDate(tag: number, vr: string, values: readonly string[], days: number): Outcome {
  if (vr === 'TM') {
    const right = values.every(isTime);
    return right ? written(tag, vr, values.join('\\'), 'kept', 'profile') : emptied(tag, vr, 'odd-value');
  }
  if (vr !== 'DA' && vr !== 'DT') return gone('profile');
  const moved = values.map((value) => shiftDate(value, days));
  if (moved.some((value) => value === null)) return emptied(tag, vr, 'odd-value');
  return written(tag, vr, moved.join('\\'), 'moved', 'profile');
}

/** A value that an option lets stay: the patient's characteristics, the machine. */
function keptByOption(tag: number, vr: string, values: readonly string[]): Outcome {
  const terms = KEPT_ATTRIBUTES.get(tag)?.rule;
  if (terms?.kind === 'terms') return termValues(tag, vr, values, terms.terms);
  if (vr === 'AS') {
    const ages = values.map(cappedAge);
    if (ages.some((age) => age === null)) return gone('odd-value');
    const changed = ages.some((age, index) => age !== values[index]);
    return written(tag, vr, ages.join('\\'), changed ? 'replaced' : 'kept', 'profile');
  }
  if (TEXT_VRS.has(vr)) return keptText(tag, vr, values);
  const right = values.every((value) => isWellFormed(vr, value));
  return right ? written(tag, vr, values.join('\\'), 'kept', 'profile') : gone('odd-value');
}

/** Free text that a person chose to keep. Its identity is looked for afterwards, when all of the header is known. */
export function keptText(tag: number, vr: string, values: readonly string[]): Outcome {
  const limit = MAX_CHARACTERS[vr] ?? 10_240;
  if (values.some((value) => value.length > limit)) return gone('odd-value');
  return written(tag, vr, values.join('\\'), 'kept', 'profile');
}

function termValues(tag: number, vr: string, values: readonly string[], terms: ReadonlySet<string>): Outcome {
  const upper = values.map((value) => value.toUpperCase());
  if (tag === TAG_IMAGE_TYPE) return imageType(upper, terms);
  if (upper.every((value) => terms.has(value))) {
    return written(tag, vr, upper.join('\\'), 'kept', 'picture');
  }
  return tag === TAG_MODALITY
    ? written(tag, vr, 'OT', 'replaced', 'odd-value')
    : emptied(tag, vr, 'odd-value');
}

/** The values that are words of the standard, up to the first that is not; two at least (PS3.3 C.7.6.1.1.2). */
function imageType(values: readonly string[], terms: ReadonlySet<string>): Outcome {
  const known = values.findIndex((value) => !terms.has(value));
  const stay = known === -1 ? values : values.slice(0, known);
  const words = stay.length >= 2 ? stay : ['DERIVED', 'SECONDARY'];
  const whole = stay.length >= 2 && stay.length === values.length;
  return whole
    ? written(TAG_IMAGE_TYPE, 'CS', words.join('\\'), 'kept', 'picture')
    : written(TAG_IMAGE_TYPE, 'CS', words.join('\\'), 'replaced', 'odd-value');
}

/** An element beside the table that the picture needs, and no sequence. */
export function treatKept(
  dataSet: DataSet,
  element: Element,
  { vr, rule }: KeptAttribute,
  values: readonly string[],
  keepDevice: boolean,
): Outcome {
  const { tag } = element;
  switch (rule.kind) {
    case 'terms':
      return termValues(
        tag,
        vr,
        values.filter((value) => value !== ''),
        rule.terms,
      );
    case 'standard-uid':
      return values.every(isStandardUid)
        ? written(tag, vr, values.join('\\'), 'kept', 'picture')
        : gone('odd-value');
    case 'device-text':
      return keepDevice ? keptText(tag, vr, values) : emptied(tag, vr, 'not-needed');
    case 'number':
      return numberValue(dataSet, element, vr, values);
    case 'table':
      return tableValue(dataSet, element, vr);
    case 'items':
    case 'codes':
      return gone('odd-value'); // sequences are treated by their items; one that is none has an odd VR
  }
}

function binary(element: NewElement, after: string): Outcome {
  return { element, treatment: 'kept', reason: 'picture', after };
}

function numberValue(dataSet: DataSet, element: Element, vr: string, values: readonly string[]): Outcome {
  const { tag, length } = element;
  if (vr === 'DS' || vr === 'IS') {
    return values.every((value) => isWellFormed(vr, value))
      ? written(tag, vr, values.join('\\'), 'kept', 'picture')
      : gone('odd-value');
  }
  const numbers = wordsOf(dataSet, element);
  const right =
    vr === 'AT' ? pointsAtKept(numbers) : DESCRIPTORS.has(tag) ? isDescriptor(numbers) : numbers.length === 1;
  if (!right || length % 2 !== 0) return gone('odd-value');
  return binary(
    { tag, vr: numberVr(element, vr), value: inLittleEndian(dataSet, element) },
    numbers.join('\\'),
  );
}

/** Descriptors of lookup tables: entries, first value, bits of an entry (PS3.3 C.11.1.1.1, C.7.6.3.1.5). */
const DESCRIPTORS = new Set([0x00281101, 0x00281102, 0x00281103, 0x00283002]);
/** Where the descriptor of a table stands. */
const DESCRIPTOR_OF = new Map([
  [0x00281201, 0x00281101],
  [0x00281202, 0x00281102],
  [0x00281203, 0x00281103],
  [0x00283006, 0x00283002],
]);

function wordsOf({ view, littleEndian }: DataSet, { offset, length }: Element): readonly number[] {
  return Array.from({ length: Math.min(16, Math.floor(length / 2)) }, (_, at) =>
    view.getUint16(offset + at * 2, littleEndian),
  );
}

function isDescriptor(numbers: readonly number[]): boolean {
  const bits = numbers[2] ?? 0;
  return numbers.length === 3 && bits >= 8 && bits <= 16;
}

/** A pointer to attributes that stay themselves, such as the frame time. */
function pointsAtKept(numbers: readonly number[]): boolean {
  const tags = numbers.flatMap((group, at) =>
    at % 2 === 0 ? [((group << 16) | (numbers[at + 1] ?? 0)) >>> 0] : [],
  );
  return numbers.length % 2 === 0 && tags.every((tag) => KEPT_ATTRIBUTES.has(tag));
}

/** Entries of a lookup table, as many bytes as its descriptor says; anything else is no table. */
function tableValue(dataSet: DataSet, element: Element, vr: string): Outcome {
  const { tag, length } = element;
  const descriptor = dataSet.elements.get(DESCRIPTOR_OF.get(tag) ?? 0);
  const numbers = descriptor === undefined ? [] : wordsOf(dataSet, descriptor);
  const entries = (numbers[0] ?? 0) || 65_536; // 0 stands for 65,536
  const right = isDescriptor(numbers) && (length === entries * 2 || length === entries + (entries % 2));
  if (!right) return gone('odd-value');
  return binary({ tag, vr, value: inLittleEndian(dataSet, element) }, `${length} bytes`);
}

/** "US or SS": as the file says. */
function numberVr(element: Element, vr: string): string {
  return vr === 'US' && element.vr === 'SS' ? 'SS' : vr;
}

/** A copy of the value with its 16-bit words in little endian. */
function inLittleEndian(dataSet: DataSet, element: Element): Uint8Array {
  const copy = Buffer.from(elementBytes(dataSet, element));
  if (!dataSet.littleEndian && copy.length % 2 === 0) copy.swap16();
  return new Uint8Array(copy);
}
