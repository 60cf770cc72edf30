/** @file What a cell of a labels file means: label, normal/abnormal, part, age, sex. Undefined = not understood. */
import type { Part } from '../../../shared/contract/base.ts';

const UNKNOWN = new Set([
  '',
  'unknown',
  'unk',
  'nan',
  'na',
  'n/a',
  'none',
  'null',
  '?',
  'uncertain',
  '-',
  '-1',
  '-1.0',
]);
const TRUE = new Set(['1', '1.0', 'true', 'yes', 'y', 'positive', 'pos', 'present']);
const FALSE = new Set(['0', '0.0', 'false', 'no', 'n', 'negative', 'neg', 'absent']);

const PARTS = new Map<string, Part>([
  ['train', 'train'],
  ['training', 'train'],
  ['trn', 'train'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['validate', 'validation'],
  ['validation', 'validation'],
  ['dev', 'validation'],
  ['tune', 'validation'],
  ['test', 'test'],
  ['testing', 'test'],
  ['tst', 'test'],
]);

const OLDEST_YEARS = 130;

/** A finding's cell. null = unknown, undefined = not a label. */
export function parseLabel(cell: string): boolean | null | undefined {
  const value = cell.trim().toLowerCase();
  if (UNKNOWN.has(value)) return null;
  if (TRUE.has(value)) return true;
  return FALSE.has(value) ? false : undefined;
}

/** A cell of the normal/abnormal column; true = abnormal. */
export function parseAbnormal(cell: string): boolean | null | undefined {
  const value = cell.trim().toLowerCase();
  if (value === 'abnormal') return true;
  return value === 'normal' ? false : parseLabel(value);
}

export function parsePart(cell: string): Part | null | undefined {
  const value = cell.trim().toLowerCase();
  return UNKNOWN.has(value) ? null : PARTS.get(value);
}

/** Years. DICOM's `058Y`, `010M` and plain numbers; what cannot be an age is unknown. */
export function parseAge(cell: string): number | null {
  const match = /^\s*(\d{1,3}(?:\.\d+)?)\s*([ymwd]?)\s*$/i.exec(cell);
  if (match?.[1] === undefined) return null;
  const perYear = { y: 1, m: 12, w: 52.18, d: 365.25 }[(match[2] ?? '').toLowerCase()] ?? 1;
  const years = Math.round((Number(match[1]) / perYear) * 100) / 100;
  return years <= OLDEST_YEARS ? years : null;
}

/** `M`, `F` or `O`. */
export function parseSex(cell: string): string | null {
  const value = cell.trim().toLowerCase();
  if (value === 'm' || value === 'male') return 'M';
  if (value === 'f' || value === 'female') return 'F';
  return value === 'o' || value === 'other' ? 'O' : null;
}

/** Free text of a short field; null when it says nothing. */
export function parseText(cell: string, maxLength = 80): string | null {
  const value = cell.trim();
  return UNKNOWN.has(value.toLowerCase()) ? null : value.slice(0, maxLength);
}
