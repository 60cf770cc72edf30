/** @file Every tag of a DICOM file as text, nested ones indented, for the tags dialog. Not for logs: it shows identity. */
import { createRequire } from 'node:module';

import { formatTag, sequenceItems, TAG, type DataSet, type Element } from './data-set.ts';
import { readDicomFile } from './part10.ts';
import { characterSets, displayValue } from './values.ts';

export interface TagRow {
  /** `(0010,0010)`. */
  readonly tag: string;
  readonly vr: string;
  /** Name in the DICOM dictionary; null for private and unknown tags. */
  readonly keyword: string | null;
  readonly value: string;
  /** 0 at the top; an item of a sequence is one deeper. */
  readonly depth: number;
}

interface DictionaryEntry {
  readonly vr: string;
  readonly keyword: string;
}

export type TagDictionary = (tag: number) => DictionaryEntry | null;

/** Rows beyond this are left out, with a last row that says so. */
const MAX_ROWS = 20_000;

/**
 * File meta and data set in file order.
 * @throws FilmError when the structure cannot be read
 */
export function listTags(bytes: Uint8Array): readonly TagRow[] {
  const dictionary = loadDictionary();
  const { meta, dataSet } = readDicomFile(bytes);
  const rows: TagRow[] = [];
  for (const part of [meta, dataSet])
    if (part !== null) addRows(rows, part, dictionary, 0, characterSets(part));
  return rows;
}

function addRows(
  rows: TagRow[],
  dataSet: DataSet,
  dictionary: TagDictionary,
  depth: number,
  outerSets: readonly string[],
): void {
  const own = characterSets(dataSet);
  const sets = own.length > 0 ? own : outerSets;
  for (const element of dataSet.elements.values()) {
    if (rows.length >= MAX_ROWS) {
      if (rows.length === MAX_ROWS) {
        rows.push({
          tag: '',
          vr: '',
          keyword: null,
          value: `more than ${MAX_ROWS} tags: the rest is left out`,
          depth: 0,
        });
      }
      return;
    }
    const known = dictionary(element.tag) ?? privateCreator(element.tag);
    const vr = element.vr === null || element.vr === 'UN' ? (known?.vr ?? 'UN') : element.vr;
    const items = vr === 'SQ' || element.items !== undefined ? sequenceItems(dataSet, element.tag) : [];
    const value = vr === 'SQ' ? itemCount(items.length) : elementText(dataSet, element, vr, sets);
    rows.push({ tag: formatTag(element.tag), vr, keyword: known?.keyword ?? null, value, depth });
    for (const item of items) addRows(rows, item, dictionary, depth + 1, sets);
  }
}

/** (gggg,0010…00FF) of an odd group names the owner of a private block (PS3.5 7.8.1). */
function privateCreator(tag: number): DictionaryEntry | null {
  const element = tag & 0xffff;
  const odd = ((tag >>> 16) & 1) === 1;
  return odd && element >= 0x10 && element <= 0xff ? { vr: 'LO', keyword: 'PrivateCreator' } : null;
}

function itemCount(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}

function elementText(dataSet: DataSet, element: Element, vr: string, sets: readonly string[]): string {
  if (element.tag !== TAG.pixelData) return displayValue(dataSet, element, vr, sets);
  const fragments =
    element.fragments === undefined ? '' : ` in ${Math.max(0, element.fragments.length - 1)} fragments`;
  return `${element.length} bytes${fragments}`;
}

/** The part of dcmjs that is used here; the package has no types. Entries are made when they are asked for. */
interface DictionaryPackage {
  readonly data: {
    readonly DicomMetaDictionary: {
      readonly dictionary: Readonly<
        Record<string, { readonly vr?: string; readonly name?: string } | undefined>
      >;
    };
  };
}

/** The standard's dictionary as the dcmjs package carries it; loaded when the first dialog opens (0.2 s). */
export function loadDictionary(): TagDictionary {
  const { data } = createRequire(import.meta.url)('dcmjs') as DictionaryPackage;
  const { dictionary } = data.DicomMetaDictionary;
  return (tag) => {
    if ((tag & 0xffff) === 0) return { vr: 'UL', keyword: 'GroupLength' };
    const entry = dictionary[formatTag(tag)];
    if (entry?.name === undefined || entry.vr === undefined) return null;
    return { vr: AMBIGUOUS[entry.vr] ?? entry.vr, keyword: entry.name };
  };
}

/** How the dictionary writes "US or SS" and "OB or OW". */
const AMBIGUOUS: Readonly<Record<string, string>> = { xs: 'US', ox: 'OW', lt: 'US' };
