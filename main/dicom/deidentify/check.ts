/**
 * @file The second look: a de-identified file is read again from its bytes, by the reader that reads every film, and everything in
 * it is held against what may be there. A file that does not pass is not handed out.
 */
import { formatTag, sequenceItems, type DataSet, type Element } from '../data-set.ts';
import { FilmError } from '../film-error.ts';
import { hasDicomMark, readDicomFile } from '../part10.ts';
import type { NewDataSet } from '../part10-writer.ts';
import { EXPLICIT_LITTLE } from '../transfer-syntax.ts';
import { characterSets, elementBytes, stringValue, stringValues } from '../values.ts';
import type { DeidentifyOptions } from './options.ts';
import { isVouchedFor } from './identity.ts';
import { KEPT_ATTRIBUTES } from './kept-attributes.ts';
import { profileAction } from './profile.ts';
import { textValues } from './treat-element.ts';
import { isStandardUid } from './values.ts';

export interface Expected {
  readonly options: DeidentifyOptions;
  /** Texts that must not be there. */
  readonly gone: readonly string[];
  /** UIDs of the film as it came. */
  readonly uids: ReadonlySet<string>;
  readonly patientCode: string;
  /** What was to be written. */
  readonly meant: NewDataSet;
}

const META = new Set([0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013]);
/** What de-identification itself writes, and the parts of codes. */
const RECORD = new Set([
  0x00080005, 0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00120064, 0x00280303, 0x00080100, 0x00080102,
  0x00080104, 0x7fe00010,
]);
const FREE_TEXT = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT', 'AE']);

/** @throws FilmError NOT_CLEAN; the message names a tag, never a value */
export function checkClean(bytes: Uint8Array, expected: Expected): void {
  const preamble = bytes.subarray(0, 128);
  if (!hasDicomMark(bytes) || preamble.some((byte) => byte !== 0)) throw notClean('its preamble');
  const { meta, dataSet, syntax } = readDicomFile(bytes);
  if (
    meta === null ||
    [...meta.elements.keys()].some((tag) => !META.has(tag)) ||
    syntax.uid !== EXPLICIT_LITTLE.uid
  ) {
    throw notClean('its file meta header');
  }
  if (stringValue(meta, 0x00020003) !== stringValue(dataSet, 0x00080018)) throw notClean('(0002,0003)');
  if (stringValue(dataSet, 0x00120062) !== 'YES') throw notClean('(0012,0062)');
  if (stringValue(dataSet, 0x00100020) !== expected.patientCode) throw notClean('(0010,0020)');
  const wrong = firstDifference(dataSet, expected.meant);
  if (wrong !== null) throw notClean(formatTag(wrong));
  const lower = [...new Set(expected.gone.map((text) => text.toLowerCase()))];
  checkDataSet(dataSet, { ...expected, gone: lower }, []);
  checkDataSet(meta, { ...expected, gone: lower }, []);
}

/** The first tag whose value is not what was meant, that is missing or that is one too many; null = there is none. */
function firstDifference(dataSet: DataSet, meant: NewDataSet): number | null {
  const left = new Set(dataSet.elements.keys());
  for (const { tag, vr, value } of meant) {
    const element = dataSet.elements.get(tag);
    if (!left.delete(tag) || element === undefined || element.vr !== vr) return tag;
    if (value instanceof Uint8Array) {
      const [bytes, filler] = [elementBytes(dataSet, element), value.length % 2];
      if (bytes.length !== value.length + filler) return tag;
      if (Buffer.compare(bytes.subarray(0, value.length), value) !== 0) return tag;
      continue;
    }
    const items = sequenceItems(dataSet, tag);
    if (items.length !== value.length) return tag;
    for (const [index, item] of items.entries()) {
      const inside = firstDifference(item, value[index] ?? []);
      if (inside !== null) return inside;
    }
  }
  return [...left][0] ?? null;
}

function checkDataSet(dataSet: DataSet, expected: Expected, outerSets: readonly string[]): void {
  const own = characterSets(dataSet);
  const sets = own.length > 0 ? own : outerSets;
  for (const element of dataSet.elements.values()) {
    if (!mayStand(element.tag, expected.options)) throw notClean(formatTag(element.tag));
    if (element.items !== undefined) {
      for (const item of sequenceItems(dataSet, element.tag)) checkDataSet(item, expected, sets);
    } else {
      checkValue(dataSet, element, expected, sets);
    }
  }
}

function mayStand(tag: number, options: DeidentifyOptions): boolean {
  const group = tag >>> 16;
  if (group === 0x0002) return META.has(tag);
  if (group % 2 === 1) return options.safePrivate.some((one) => one.group === group);
  if (group >= 0x6000 && group <= 0x601e) return options.keepOverlays;
  const action = profileAction(tag, options);
  return RECORD.has(tag) || KEPT_ATTRIBUTES.has(tag) || (action !== null && action !== 'X');
}

function checkValue(dataSet: DataSet, element: Element, expected: Expected, sets: readonly string[]): void {
  const { tag, vr } = element;
  if (vr === null || vr === 'UN') throw notClean(formatTag(tag));
  if (vr === 'UI') {
    const uids = stringValues(dataSet, tag).filter((uid) => uid !== '');
    const foreign = uids.some(
      (uid) => !isStandardUid(uid) && (expected.uids.has(uid) || !uid.startsWith('2.25.')),
    );
    if (foreign && profileAction(tag, expected.options) !== 'K') throw notClean(formatTag(tag));
  }
  if ((vr === 'DA' || vr === 'DT') && !expected.options.shiftDates) {
    if (stringValues(dataSet, tag).some((value) => value !== '' && !value.startsWith('19000101'))) {
      throw notClean(formatTag(tag));
    }
  }
  if (RECORD.has(tag) || META.has(tag) || isVouchedFor(tag) || !FREE_TEXT.has(vr)) return;
  const text = textValues(dataSet, element, vr, sets).join('\n').toLowerCase();
  if (expected.gone.some((word) => text.includes(word))) throw notClean(formatTag(tag));
}

/** Every UID of a data set that is not the standard's own. */
export function foreignUids(dataSet: DataSet): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (one: DataSet): void => {
    for (const element of one.elements.values()) {
      if (element.items !== undefined) element.items.forEach(visit);
      else if (element.length <= 4096) {
        for (const uid of stringValues(one, element.tag)) {
          if (/^\d+(\.\d+){3,}$/.test(uid) && !isStandardUid(uid)) found.add(uid);
        }
      }
    }
  };
  visit(dataSet);
  return found;
}

function notClean(where: string): FilmError {
  return new FilmError(
    'NOT_CLEAN',
    `The de-identified film was read again and ${where} is not as it must be. The film was not handed out; please report this.`,
    { where },
  );
}
