/** @file A column mapping seen column by column: each column of a CSV plays one role. Used by the mapper. */
import type { ColumnMapping } from '../../../../shared/contract/library.ts';
import { canonicalFinding } from '../../../../shared/domain/findings.ts';

/** Columns that may be named once each. */
export const SINGLE_ROLES = [
  'file',
  'patient',
  'view',
  'sex',
  'age',
  'source',
  'licence',
  'abnormal',
  'part',
] as const;
export type SingleRole = (typeof SINGLE_ROLES)[number];
export type Role = SingleRole | 'finding' | 'none';

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  none: 'Not used',
  file: 'File name',
  patient: 'Patient',
  view: 'View',
  sex: 'Sex',
  age: 'Age',
  source: 'Source',
  licence: 'Licence',
  abnormal: 'Normal / abnormal',
  part: 'Part',
  finding: 'Finding',
};

/** The role that a column plays. */
export function roleOf(mapping: ColumnMapping, column: string): Role {
  const single = SINGLE_ROLES.find((role) => mapping[role] === column);
  if (single !== undefined) return single;
  return mapping.findings.some((entry) => entry.column === column) ? 'finding' : 'none';
}

/** The finding that a column stands for, or null. */
export function findingOf(mapping: ColumnMapping, column: string): string | null {
  return mapping.findings.find((entry) => entry.column === column)?.finding ?? null;
}

/** The mapping with one column's role changed. A single role moves: the column that had it becomes unused. */
export function withRole(mapping: ColumnMapping, column: string, role: Role): ColumnMapping {
  const free = without(mapping, column);
  if (role === 'none') return free;
  if (role === 'finding') {
    return { ...free, findings: [...free.findings, { column, finding: canonicalFinding(column) ?? column }] };
  }
  return { ...free, [role]: column };
}

/** The mapping with a finding column standing for another finding. */
export function withFinding(mapping: ColumnMapping, column: string, finding: string): ColumnMapping {
  return {
    ...mapping,
    findings: mapping.findings.map((entry) => (entry.column === column ? { column, finding } : entry)),
  };
}

/** What still stops an import with this mapping, in words; null = nothing. */
export function mistakeIn(mapping: ColumnMapping): string | null {
  if (mapping.file === '') return 'Say which column holds the file name.';
  const names = mapping.findings.map(({ finding }) => finding);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `Two columns stand for ${twice}. Keep one.`;
}

function without(mapping: ColumnMapping, column: string): ColumnMapping {
  const drop = (value: string | null): string | null => (value === column ? null : value);
  return {
    file: mapping.file === column ? '' : mapping.file,
    patient: drop(mapping.patient),
    view: drop(mapping.view),
    sex: drop(mapping.sex),
    age: drop(mapping.age),
    source: drop(mapping.source),
    licence: drop(mapping.licence),
    abnormal: drop(mapping.abnormal),
    part: drop(mapping.part),
    findings: mapping.findings.filter((entry) => entry.column !== column),
  };
}
