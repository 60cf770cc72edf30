/** @file Which column of a labels file means what: our reading of its header, and the check of a person's choice. */
import type { ColumnMapping } from '../../../shared/contract/library.ts';
import {
  canonicalFinding,
  NO_FINDING,
  OTHER_KNOWN,
  VINDR_GLOBAL,
  VINDR_LOCAL,
} from '../../../shared/domain/findings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { CsvTable } from './csv-table.ts';
import { parseLabel } from './label-values.ts';

/** Names that files use, best first, compared without letter case, spaces, dashes and underscores. */
const NAMES = {
  file: [
    'file',
    'filename',
    'path',
    'filepath',
    'imagepath',
    'dicompath',
    'image',
    'imagefile',
    'imageid',
    'imageindex',
    'dicomid',
    'id',
  ],
  patient: ['patientid', 'patient', 'subjectid', 'subject', 'patientidentifier'],
  view: ['view', 'viewposition', 'projection', 'position'],
  sex: ['sex', 'gender', 'patientsex', 'patientgender'],
  age: ['age', 'patientage', 'ageyears'],
  source: ['source', 'dataset', 'origin', 'site'],
  licence: ['licence', 'license'],
  abnormal: ['normalabnormal', 'abnormal', 'isabnormal', 'abnormality'],
  part: ['split', 'part', 'subset', 'partition', 'usage'],
} as const;

const READER_NAMES = ['radid', 'reader', 'readerid', 'radiologist', 'annotator'];
const CLASS_NAMES = ['classname', 'findinglabels', 'findinglabel', 'finding', 'findings', 'label', 'labels'];

type Field = keyof typeof NAMES;

const squeeze = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

function firstOf(columns: readonly string[], names: readonly string[]): string | null {
  for (const name of names) {
    const found = columns.find((column) => squeeze(column) === name);
    if (found !== undefined) return found;
  }
  return null;
}

/** Column that names who read the film: rows of one film are then combined by majority. */
export function readerColumn(columns: readonly string[]): string | null {
  return firstOf(columns, READER_NAMES);
}

/** Column whose cells name findings (`Edema`, `Edema|Effusion`): one row a finding, or several in one cell. */
export function classColumn(columns: readonly string[]): string | null {
  return firstOf(columns, CLASS_NAMES);
}

/** Our reading of a header. `file` is '' when no column looks like it. */
export function suggestMapping(columns: readonly string[]): ColumnMapping {
  const pick = (field: Field): string | null => firstOf(columns, NAMES[field]);
  const fields = {
    file: pick('file') ?? '',
    patient: pick('patient'),
    view: pick('view'),
    sex: pick('sex'),
    age: pick('age'),
    source: pick('source'),
    licence: pick('licence'),
    abnormal: pick('abnormal'),
    part: pick('part'),
  };
  const taken = new Set<string | null>(Object.values(fields));
  const findings = columns.flatMap((column) => {
    const finding = taken.has(column) ? null : canonicalFinding(column);
    return finding === null ? [] : [{ column, finding }];
  });
  return { ...fields, findings };
}

/** Columns that a mapping does not use, apart from the reader's and the class column, which are understood by themselves. */
export function unusedColumns(columns: readonly string[], mapping: ColumnMapping): readonly string[] {
  const { findings, ...fields } = mapping;
  const used = new Set<string | null>([
    ...Object.values(fields),
    ...findings.map(({ column }) => column),
    readerColumn(columns),
    findings.length === 0 ? classColumn(columns) : null,
  ]);
  return columns.filter((column) => column !== '' && !used.has(column));
}

/** The mapping to import with. @throws ServiceError MISSING_COLUMNS, UNKNOWN_LABELS */
export function resolveMapping(table: CsvTable, chosen: ColumnMapping | null): ColumnMapping {
  const mapping = chosen ?? suggestMapping(table.columns);
  refuseMissing(table, mapping);
  const isLong = mapping.findings.length === 0 && classColumn(table.columns) !== null;
  if (chosen === null && !isLong) refuseUnmappedLabels(table, mapping);
  const strangers = mapping.findings.filter(
    ({ column, finding }) => canonicalFinding(finding) === null && finding !== column,
  );
  if (strangers.length > 0) throw unknownLabels(strangers.map(({ finding }) => finding));
  return {
    ...mapping,
    findings: mapping.findings.map(({ column, finding }) => ({
      column,
      finding: canonicalFinding(finding) ?? finding.trim(),
    })),
  };
}

function refuseMissing(table: CsvTable, mapping: ColumnMapping): void {
  if (mapping.file === '') {
    throw new ServiceError(
      'MISSING_COLUMNS',
      'No column of the labels file names the film (file, path, image_id …). Nothing was imported; say which one it is.',
      { missing: ['file'], columns: table.columns.slice(0, 50) },
    );
  }
  const { findings, ...fields } = mapping;
  const named = [...Object.values(fields), ...findings.map(({ column }) => column)];
  const missing = named.filter((name): name is string => name !== null && !table.columns.includes(name));
  if (missing.length > 0) {
    throw new ServiceError(
      'MISSING_COLUMNS',
      `The labels file has no column ${missing.map((name) => `“${name}”`).join(', ')}. Nothing was imported.`,
      { missing, columns: table.columns.slice(0, 50) },
    );
  }
  const hasLabels =
    findings.length > 0 ||
    mapping.abnormal !== null ||
    classColumn(table.columns) !== null ||
    mapping.part !== null;
  if (!hasLabels && mapping.patient === null) {
    throw new ServiceError(
      'MISSING_COLUMNS',
      'No column of the labels file names a finding. Nothing was imported; say which columns are findings.',
      { missing: ['findings'], columns: table.columns.slice(0, 50) },
    );
  }
}

/** Without a person's mapping, a column that holds labels under a name we do not know must not be dropped in silence. */
function refuseUnmappedLabels(table: CsvTable, mapping: ColumnMapping): void {
  const strangers = unusedColumns(table.columns, mapping).filter((column) => {
    const at = table.columns.indexOf(column);
    let positives = 0;
    for (const row of table.rows) {
      const value = parseLabel(row[at] ?? '');
      if (value === undefined) return false;
      if (value === true) positives += 1;
    }
    return positives > 0;
  });
  if (strangers.length > 0) throw unknownLabels(strangers);
}

export function unknownLabels(names: readonly string[]): ServiceError {
  const distinct = [...new Set(names)];
  const shown = distinct.slice(0, 10).map((name) => {
    const near = nearestFindings(name);
    return near.length === 0 ? `“${name}”` : `“${name}” (perhaps ${near.join(' or ')})`;
  });
  const more = distinct.length > shown.length ? ` and ${distinct.length - shown.length} more` : '';
  return new ServiceError(
    'UNKNOWN_LABELS',
    `The labels file uses names that are not known findings: ${shown.join(', ')}${more}. Nothing was imported;` +
      ' map each to a known finding, keep it as the file’s own finding, or leave it out.',
    {
      unknown: distinct.slice(0, 100),
      nearest: Object.fromEntries(distinct.slice(0, 100).map((name) => [name, nearestFindings(name)])),
    },
  );
}

/** Up to three known findings that are spelled most like `name`. */
export function nearestFindings(name: string): readonly string[] {
  const wanted = squeeze(name);
  return [...VINDR_LOCAL, ...VINDR_GLOBAL, ...OTHER_KNOWN]
    .filter((known) => known !== NO_FINDING || wanted.startsWith('no'))
    .map((known) => ({ known, distance: editDistance(wanted, squeeze(known)) }))
    .filter(({ known, distance }) => distance <= Math.max(2, Math.floor(squeeze(known).length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ known }) => known);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
