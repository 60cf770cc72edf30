/**
 * @file Reads a film's modality LUT and VOI LUTs (PS3.3 C.11.1, C.11.2). What has no meaning is left out with a warning
 * instead of spoiling the picture.
 */
import {
  IDENTITY_MODALITY,
  isUsableVoi,
  type LutTable,
  type ModalityLut,
  type VoiLut,
} from '../../shared/domain/lut.ts';
import { sequenceItems, type DataSet } from './data-set.ts';
import { decimalValue, decimalValues, elementBytes, shortValues, stringValue, textValue } from './values.ts';

const TAGS = {
  slope: 0x00281053,
  intercept: 0x00281052,
  modalitySequence: 0x00283000,
  voiSequence: 0x00283010,
  lutDescriptor: 0x00283002,
  lutExplanation: 0x00283003,
  lutData: 0x00283006,
  center: 0x00281050,
  width: 0x00281051,
  windowExplanation: 0x00281055,
  voiFunction: 0x00281056,
  sharedGroups: 0x52009229,
  frameGroups: 0x52009230,
  frameVoi: 0x00289132,
  frameTransformation: 0x00289145,
} as const;

/** Something about a film that a person should know and that stops nothing. */
export interface FilmWarning {
  readonly code:
    | 'WINDOW_IGNORED'
    | 'LUT_IGNORED'
    | 'SLOPE_ZERO'
    | 'CONSTANT_PICTURE'
    | 'SYNTAX_GUESSED'
    | 'ALPHA_DROPPED'
    | 'MORE_PAGES';
  readonly message: string;
}

/**
 * The modality LUT: a table when there is one, else slope and intercept.
 * @param signed pixel representation, which is also that of the table's first value
 */
export function readModalityLut(
  dataSet: DataSet,
  signed: boolean,
  warn: (warning: FilmWarning) => void,
  frame = 0,
): ModalityLut {
  const [item] = sequenceItems(dataSet, TAGS.modalitySequence);
  if (item !== undefined) {
    const table = readTable(item, signed);
    if (table !== null) return table;
    warn({ code: 'LUT_IGNORED', message: 'The modality LUT is shorter than it says and is not used.' });
  }
  const holder = dataSet.elements.has(TAGS.slope)
    ? dataSet
    : functionalItem(dataSet, TAGS.frameTransformation, frame);
  if (holder === null) return IDENTITY_MODALITY;
  const slope = decimalValue(holder, TAGS.slope) ?? 1;
  const intercept = decimalValue(holder, TAGS.intercept) ?? 0;
  if (slope === 0) {
    warn({ code: 'SLOPE_ZERO', message: 'The rescale slope is 0: every pixel gets the same value.' });
  }
  return { kind: 'rescale', slope, intercept };
}

/** The film's own VOI LUTs, tables first (they are the finer statement), then windows, each in file order. */
export function readVoiLuts(
  dataSet: DataSet,
  modality: ModalityLut,
  signed: boolean,
  warn: (warning: FilmWarning) => void,
  frame = 0,
): VoiLut[] {
  const holder = hasVoi(dataSet) ? dataSet : (functionalItem(dataSet, TAGS.frameVoi, frame) ?? dataSet);
  const belowZero = modality.kind === 'rescale' && (signed || modality.intercept < 0);
  const tables: VoiLut[] = [];
  for (const item of sequenceItems(holder, TAGS.voiSequence)) {
    const table = readTable(item, belowZero);
    if (table === null)
      warn({ code: 'LUT_IGNORED', message: 'A VOI LUT is shorter than it says and is not used.' });
    else tables.push(table);
  }
  return [...tables, ...readWindows(holder, warn)];
}

function hasVoi(dataSet: DataSet): boolean {
  return dataSet.elements.has(TAGS.voiSequence) || dataSet.elements.has(TAGS.center);
}

function readWindows(dataSet: DataSet, warn: (warning: FilmWarning) => void): VoiLut[] {
  const centers = decimalValues(dataSet, TAGS.center);
  const widths = decimalValues(dataSet, TAGS.width);
  const explanations = textValue(dataSet, TAGS.windowExplanation)?.split('\\') ?? [];
  const written = stringValue(dataSet, TAGS.voiFunction)?.toUpperCase() ?? 'LINEAR';
  const fn = written === 'SIGMOID' || written === 'LINEAR_EXACT' ? written : 'LINEAR';
  const windows: VoiLut[] = [];
  const count = Math.min(64, Math.max(centers.length, widths.length));
  for (let index = 0; index < count; index++) {
    const explanation = explanations[index]?.trim();
    const window: VoiLut = {
      kind: 'window',
      center: centers[index] ?? NaN,
      width: widths[index] ?? NaN,
      function: fn,
      ...(explanation ? { explanation } : {}),
    };
    if (isUsableVoi(window)) windows.push(window);
    else warn({ code: 'WINDOW_IGNORED', message: 'A window without a usable centre and width is not used.' });
  }
  return windows;
}

/** One item of a LUT sequence; null when its data are shorter than its descriptor. */
function readTable(item: DataSet, signedFirst: boolean): LutTable | null {
  const descriptor = item.elements.get(TAGS.lutDescriptor);
  const data = item.elements.get(TAGS.lutData);
  if (descriptor === undefined || data === undefined || descriptor.length < 6) return null;
  const signed = descriptor.vr === 'SS' || (descriptor.vr !== 'US' && signedFirst);
  const [described = 0, , declared = 16] = shortValues(item, TAGS.lutDescriptor);
  const first = shortValues(item, TAGS.lutDescriptor, signed)[1] ?? 0;
  const count = described === 0 ? 65_536 : described;
  const packed = declared <= 8 && data.length < count * 2;
  const values = packed ? [...elementBytes(item, data)] : shortValues(item, TAGS.lutData);
  if (values.length < count) return null;
  const entries = values.slice(0, count);
  const peak = entries.reduce((largest, value) => Math.max(largest, value), 0);
  // Some writers declare 8 bits and store more; the entries are then believed.
  const bits = Math.min(16, Math.max(declared, peak > 0 ? Math.floor(Math.log2(peak)) + 1 : 1));
  const explanation = textValue(item, TAGS.lutExplanation);
  return { kind: 'table', first, bits, entries, ...(explanation === undefined ? {} : { explanation }) };
}

/** The item of an enhanced film's functional groups that holds `tag`: shared by all frames, or the frame's own. */
function functionalItem(dataSet: DataSet, tag: number, frame: number): DataSet | null {
  for (const groups of [TAGS.sharedGroups, TAGS.frameGroups]) {
    const group = sequenceItems(dataSet, groups)[groups === TAGS.frameGroups ? frame : 0];
    const [item] = group === undefined ? [] : sequenceItems(group, tag);
    if (item !== undefined) return item;
  }
  return null;
}
