/**
 * @file A labels file as one record per film: values parsed, readers combined by majority, duplicates refused. Everything
 * that can be wrong with the file is found here, before anything is imported.
 */
import { setImmediate } from 'node:timers/promises';

import type { Part } from '../../../shared/contract/base.ts';
import type { ColumnMapping } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { canonicalFinding, NO_FINDING } from '../../../shared/domain/findings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { classColumn, readerColumn, unknownLabels } from './column-mapping.ts';
import { lineOf, type CsvTable } from './csv-table.ts';
import type { Reading } from '../../store/readings.ts';
import type { LabelBox } from './box-plan.ts';
import { counted } from './wording.ts';
import { parseAbnormal, parseAge, parseLabel, parsePart, parseSex, parseText } from './label-values.ts';

/** What the labels file says about one film. A fact whose column is not mapped is undefined; null = unknown. */
export interface FilmLabels {
  /** The film as the file names it. */
  readonly file: string;
  /** The film itself, where the file knows it: then its name does not matter. */
  readonly filmId?: FilmId;
  readonly patient: string | null;
  readonly view?: string | null;
  readonly sex?: string | null;
  readonly ageYears?: number | null;
  readonly source?: string | null;
  readonly licence?: string | null;
  /** T2. */
  readonly abnormal?: boolean | null;
  readonly givenPart?: Part | null;
  readonly labels: ReadonlyMap<string, boolean | null>;
  /** Each reader's own labels, where several readers read the film; `labels` is then their majority. */
  readonly readings?: readonly Reading[];
  /** What readers drew, in pixels of the film or of `size`. */
  readonly boxes?: readonly LabelBox[];
}

export interface LabelPlan {
  readonly films: readonly FilmLabels[];
  readonly warnings: readonly string[];
}

interface ParsedRow extends FilmLabels {
  readonly line: number;
  readonly reader: string | null;
}

const ROWS_PER_TURN = 2000;

/**
 * @param givenPart the part of every film of this file when it has no column for it (VinDr-CXR's files are per part)
 * @throws ServiceError BAD_INPUT, DUPLICATE_IDS, UNKNOWN_LABELS
 */
export async function planLabels(
  table: CsvTable,
  mapping: ColumnMapping,
  givenPart: Part | null = null,
): Promise<LabelPlan> {
  const parse = rowParser(table, mapping, givenPart);
  const byFilm = new Map<string, ParsedRow[]>();
  for (const [index, cells] of table.rows.entries()) {
    if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await setImmediate(); // the window's requests come in between
    const row = parse(cells, index);
    const key = row.file.toLowerCase();
    const rows = byFilm.get(key);
    if (rows === undefined) byFilm.set(key, [row]);
    else rows.push(row);
  }
  const isLong = mapping.findings.length === 0 && classColumn(table.columns) !== null;
  const classes = isLong ? allFindings(byFilm) : [];
  const combined = combine(byFilm, isLong ? classes : null);
  const films = combined.films.map((film) => withAbnormal(film, mapping));
  return { films, warnings: [...combined.warnings, ...contradictions(films)] };
}

function rowParser(
  table: CsvTable,
  mapping: ColumnMapping,
  givenPart: Part | null,
): (cells: readonly string[], index: number) => ParsedRow {
  const at = (column: string | null): number => (column === null ? -1 : table.columns.indexOf(column));
  const columns = {
    file: at(mapping.file),
    patient: at(mapping.patient),
    view: at(mapping.view),
    sex: at(mapping.sex),
    age: at(mapping.age),
    source: at(mapping.source),
    licence: at(mapping.licence),
    abnormal: at(mapping.abnormal),
    part: at(mapping.part),
    reader: at(readerColumn(table.columns)),
    classes: mapping.findings.length === 0 ? at(classColumn(table.columns)) : -1,
  };
  const findings = mapping.findings.map(({ column, finding }) => ({ column, finding, at: at(column) }));
  return (cells, index) => {
    const cell = (position: number): string => cells[position] ?? '';
    const file = cell(columns.file).trim();
    if (file === '') {
      throw new ServiceError(
        'BAD_INPUT',
        `Line ${lineOf(index)} of the labels file names no film. Nothing was imported.`,
        { line: lineOf(index) },
      );
    }
    const understood = <Value>(value: Value | undefined, column: string, position: number): Value => {
      if (value !== undefined) return value;
      throw badCell(column, cell(position), lineOf(index));
    };
    const labels =
      columns.classes >= 0
        ? classCell(cell(columns.classes))
        : wideCells(findings, (finding) =>
            understood(parseLabel(cell(finding.at)), finding.column, finding.at),
          );
    return {
      file,
      line: lineOf(index),
      reader: columns.reader < 0 ? null : cell(columns.reader).trim(),
      patient: columns.patient < 0 ? null : parseText(cell(columns.patient), 200),
      ...(columns.view >= 0 && { view: parseText(cell(columns.view), 24) }),
      ...(columns.sex >= 0 && { sex: parseSex(cell(columns.sex)) }),
      ...(columns.age >= 0 && { ageYears: parseAge(cell(columns.age)) }),
      ...(columns.source >= 0 && { source: parseText(cell(columns.source)) }),
      ...(columns.licence >= 0 && { licence: parseText(cell(columns.licence)) }),
      ...(columns.abnormal >= 0 && {
        abnormal: understood(parseAbnormal(cell(columns.abnormal)), mapping.abnormal ?? '', columns.abnormal),
      }),
      ...(columns.part >= 0
        ? { givenPart: understood(parsePart(cell(columns.part)), mapping.part ?? '', columns.part) }
        : givenPart !== null && { givenPart }),
      labels,
    };
  };
}

function badCell(column: string, value: string, line: number): ServiceError {
  return new ServiceError(
    'BAD_INPUT',
    `Line ${line} of the labels file has “${value.slice(0, 40)}” in column “${column}”, which is not understood.` +
      ' Nothing was imported; write 1, 0 or leave it empty for unknown (or choose another column).',
    { line, column },
  );
}

/** Two columns may name one finding (Mass, Nodule): positive when one is, negative only when both are. */
function wideCells(
  findings: readonly { readonly column: string; readonly finding: string; readonly at: number }[],
  value: (finding: { readonly column: string; readonly at: number }) => boolean | null,
): Map<string, boolean | null> {
  const labels = new Map<string, boolean | null>();
  for (const finding of findings) {
    const before = labels.get(finding.finding);
    const now = value(finding);
    labels.set(finding.finding, before === undefined ? now : either(before, now));
  }
  return labels;
}

function either(a: boolean | null, b: boolean | null): boolean | null {
  if (a === true || b === true) return true;
  return a === null || b === null ? null : false;
}

/** `Edema|Effusion` → both positive. Names are checked once all rows are read. */
function classCell(cell: string): Map<string, boolean | null> {
  const names = cell.split('|').map((name) => name.trim());
  return new Map(names.filter((name) => name !== '').map((name) => [canonicalFinding(name) ?? name, true]));
}

/** Findings of a file with one row a finding. @throws ServiceError UNKNOWN_LABELS */
function allFindings(byFilm: ReadonlyMap<string, readonly ParsedRow[]>): readonly string[] {
  const names = new Set([...byFilm.values()].flat().flatMap(({ labels }) => [...labels.keys()]));
  const strangers = [...names].filter((name) => canonicalFinding(name) === null);
  if (strangers.length > 0) throw unknownLabels(strangers);
  return [...names].sort();
}

/** One record per film. `classes`: the file has one row a finding, and what a reader did not name is absent. */
function combine(
  byFilm: ReadonlyMap<string, readonly ParsedRow[]>,
  classes: readonly string[] | null,
): { readonly films: readonly FilmLabels[]; readonly warnings: readonly string[] } {
  const films: FilmLabels[] = [];
  const conflicts: ParsedRow[] = [];
  let repeated = 0;
  let read = 0;
  for (const rows of byFilm.values()) {
    const byReader = groupByReader(rows, classes);
    const [first, ...others] = byReader;
    if (first === undefined) continue;
    if (byReader.length > 1) {
      read += 1;
      films.push({
        ...first,
        labels: majority(byReader.map(({ labels }) => labels)),
        readings: byReader.map(({ reader, labels }) => ({ reader: reader ?? '', labels })),
      });
    } else films.push(first);
    if (classes === null) {
      repeated += rows.length - byReader.length;
      const clash = rows.find((row) => !agrees(row, byReader));
      if (clash !== undefined) conflicts.push(clash);
    }
    const clash = others.find((other) => !sameFacts(first, other));
    if (clash !== undefined) conflicts.push(clash);
  }
  if (conflicts.length > 0) throw duplicateIds(conflicts);
  const warnings: string[] = [];
  if (read > 0) warnings.push(`Several readers were combined by majority for ${counted(read, 'film')}.`);
  if (repeated > 0) warnings.push(`The labels file repeats ${counted(repeated, 'row')}.`);
  return { films, warnings };
}

/** The first row of each reader; with `classes`, all findings that the reader named. */
function groupByReader(rows: readonly ParsedRow[], classes: readonly string[] | null): readonly ParsedRow[] {
  const readers = new Map<string | null, ParsedRow>();
  for (const row of rows) {
    const known = readers.get(row.reader);
    if (known === undefined) readers.set(row.reader, row);
    else if (classes !== null)
      readers.set(row.reader, { ...known, labels: new Map([...known.labels, ...row.labels]) });
  }
  if (classes === null) return [...readers.values()];
  return [...readers.values()].map((row) => ({
    ...row,
    labels: new Map(classes.map((finding) => [finding, row.labels.get(finding) ?? false])),
  }));
}

function agrees(row: ParsedRow, byReader: readonly ParsedRow[]): boolean {
  const known = byReader.find(({ reader }) => reader === row.reader);
  return (
    known === row ||
    (known !== undefined &&
      sameFacts(known, row) &&
      [...row.labels].every(([finding, value]) => known.labels.get(finding) === value))
  );
}

function sameFacts(a: FilmLabels, b: FilmLabels): boolean {
  const facts = ['patient', 'view', 'sex', 'ageYears', 'source', 'licence', 'abnormal', 'givenPart'] as const;
  return facts.every((fact) => a[fact] === b[fact]);
}

function duplicateIds(conflicts: readonly ParsedRow[]): ServiceError {
  const shown = conflicts.slice(0, 5).map(({ file, line }) => `“${file}” (line ${line})`);
  const more = conflicts.length > shown.length ? ` and ${conflicts.length - shown.length} more` : '';
  return new ServiceError(
    'DUPLICATE_IDS',
    `The labels file has several rows for one film that say different things: ${shown.join(', ')}${more}.` +
      ' Nothing was imported; keep one row for each film, or add a column that names the reader.',
    {
      films: conflicts.slice(0, 100).map(({ file }) => file),
      lines: conflicts.slice(0, 100).map(({ line }) => line),
    },
  );
}

/** More than half of the readers who said something; a tie is unknown. */
function majority(
  readers: readonly ReadonlyMap<string, boolean | null>[],
): ReadonlyMap<string, boolean | null> {
  const findings = new Set(readers.flatMap((labels) => [...labels.keys()]));
  return new Map(
    [...findings].map((finding) => {
      const votes = readers.map((labels) => labels.get(finding) ?? null).filter((vote) => vote !== null);
      const positive = votes.filter((vote) => vote).length;
      return [
        finding,
        votes.length === 0 || positive * 2 === votes.length ? null : positive * 2 > votes.length,
      ];
    }),
  );
}

/** T2 from its own column; else not “No finding”; else abnormal when any finding is there. */
function withAbnormal(film: FilmLabels, mapping: ColumnMapping): FilmLabels {
  if (mapping.abnormal !== null) return film;
  if (film.labels.size === 0) return film;
  const noFinding = film.labels.get(NO_FINDING) ?? null;
  const anyFinding = [...film.labels].some(([finding, value]) => finding !== NO_FINDING && value === true);
  return { ...film, abnormal: noFinding === null ? (anyFinding ? true : null) : !noFinding };
}

function contradictions(films: readonly FilmLabels[]): readonly string[] {
  const count = films.filter(
    ({ labels }) =>
      labels.get(NO_FINDING) === true &&
      [...labels].some(([finding, value]) => finding !== NO_FINDING && value === true),
  ).length;
  return count === 0
    ? []
    : [
        `Both “${NO_FINDING}” and a finding are labelled for ${counted(count, 'film')}; both labels were kept.`,
      ];
}
