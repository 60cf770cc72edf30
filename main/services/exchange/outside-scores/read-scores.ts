/**
 * @file A file of scores as rows: what Chestlight exports (CSV, JSON, COCO, VinDr-CXR's shape) and any table with a film and score
 * columns. Whatever is wrong with a row is named with its place; a file with a wrong row gives nothing.
 */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';

import type { z } from 'zod';

import type { ColumnMapping } from '../../../../shared/contract/library.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { plainVault, type LibraryVault } from '../../../files/vault.ts';
import { resolveMapping, unknownLabels, unusedColumns } from '../../import/column-mapping.ts';
import { lineOf, parseCsvTable, type CsvTable } from '../../import/csv-table.ts';
import { plainCell } from '../csv-cells.ts';
import { parseJson } from '../json-format.ts';
import { cocoScores, PREDICTIONS_MARK, predictionSet, scoreColumns } from '../prediction-formats.ts';

export interface ScoreRow {
  /** For people: `line 5`, `film 5`. */
  readonly place: string;
  /** What the file calls the film. */
  readonly film: string;
  readonly t2: number | null;
  /** In the order of `findings`. */
  readonly t1: readonly (number | null)[];
}

export interface ScoreFile {
  readonly source: string;
  /** Of a file that Chestlight wrote. */
  readonly run: { readonly id: string; readonly name: string; readonly weightsSha256: string } | null;
  readonly findings: readonly string[];
  readonly rows: readonly ScoreRow[];
}

const MOST_BYTES = 256 * 1024 * 1024;
const SHOWN = 10;
const OWN_HEADER = ['film_id', 'file', 'run_id', 'weights_sha256', 'abnormal'];

/** Rows that cannot be taken, one by one. */
function refuse(problems: readonly string[]): never {
  const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : '';
  throw new ServiceError(
    'BAD_INPUT',
    `${problems.length === 1 ? 'A row' : `${problems.length} rows`} of the scores cannot be taken: ${problems.slice(0, SHOWN).join('; ')}${more}. Nothing was imported; correct the file and import it again.`,
    { rows: problems.slice(0, 1000) },
  );
}

/** @throws ServiceError NOT_FOUND, BAD_INPUT, MISSING_COLUMNS, UNKNOWN_LABELS */
export async function readScores(
  path: string,
  mapping: ColumnMapping | null,
  vault: LibraryVault = plainVault(),
): Promise<ScoreFile> {
  const bytes = await bytesOf(path, vault);
  const source = basename(path).slice(0, 200);
  const file =
    extname(path).toLowerCase() === '.json' ? fromJson(bytes, source) : await fromCsv(bytes, source, mapping);
  check(file);
  return file;
}

/** Whether `import` should take the file for scores: those that Chestlight wrote say so. */
export async function looksLikeScores(path: string): Promise<boolean> {
  const ending = extname(path).toLowerCase();
  if (ending !== '.csv' && ending !== '.json') return false;
  const bytes = await bytesOf(path, plainVault()).catch(() => new Uint8Array());
  const head = Buffer.from(bytes.subarray(0, 4096))
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  if (ending === '.csv') return head.startsWith(`${OWN_HEADER.slice(0, 4).join(',')},`);
  return head.includes(`"format": "${PREDICTIONS_MARK}"`) || head.includes(`"format":"${PREDICTIONS_MARK}"`);
}

async function bytesOf(path: string, vault: LibraryVault): Promise<Uint8Array> {
  const size = await stat(path).then(
    (entry) => (entry.isFile() ? entry.size : null),
    () => null,
  );
  if (size === null)
    throw new ServiceError('NOT_FOUND', 'The file of scores does not exist. Nothing was imported.');
  if (size <= MOST_BYTES) return await vault.read(path);
  throw new ServiceError('BAD_INPUT', 'The file of scores is larger than 256 MB. Nothing was imported.');
}

/** What a file says of itself. */
interface Marked {
  readonly format?: unknown;
  readonly version?: unknown;
  readonly info?: Marked | null;
}

function fromJson(bytes: Uint8Array, source: string): ScoreFile {
  const value = parseJson(bytes, 'The file of scores') as Marked | null;
  const own = value?.format === PREDICTIONS_MARK ? value : value?.info;
  if (own?.format !== PREDICTIONS_MARK) {
    throw new ServiceError(
      'BAD_INPUT',
      'The JSON file holds no scores as Chestlight writes them. Nothing was imported; bring scores from elsewhere as CSV.',
    );
  }
  if (typeof own.version === 'number' && own.version > 1) {
    throw new ServiceError(
      'INCOMPATIBLE',
      `The scores have version ${own.version}, and this Chestlight reads version 1. Nothing was imported; update Chestlight.`,
    );
  }
  if (own === value) {
    const { run, findings, films } = sound(predictionSet, value);
    const rows = films.map(({ filmId, abnormal, scores }, index) => ({
      place: `film ${index + 1}`,
      film: filmId,
      t2: abnormal,
      t1: scores,
    }));
    return { source, run, findings, rows };
  }
  const { info: about, categories, images } = sound(cocoScores, value);
  const findings = categories.map(({ name }) => name);
  const rows = images.map((image, index) => ({
    place: `image ${index + 1}`,
    film: image.film_id,
    t2: image.abnormal_score,
    t1: categories.map(({ id }) => image.scores.find(({ category_id }) => category_id === id)?.score ?? null),
  }));
  return { source, run: about.run, findings, rows };
}

function sound<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return refuse(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
}

async function fromCsv(bytes: Uint8Array, source: string, mapping: ColumnMapping | null): Promise<ScoreFile> {
  const table = await parseCsvTable(bytes);
  if (OWN_HEADER.every((name, index) => table.columns[index] === name)) return ownTable(table, source);
  const { file, abnormal, findings } = mappingOf(table, mapping);
  if (abnormal === null && findings.length === 0) {
    throw new ServiceError(
      'MISSING_COLUMNS',
      'No column of the file holds scores of a finding or of abnormal. Nothing was imported; say which columns are scores.',
      { columns: table.columns.slice(0, 50) },
    );
  }
  const at = (column: string): number => table.columns.indexOf(column);
  return {
    source,
    run: null,
    findings: findings.map(({ finding }) => finding),
    rows: rowsOf(
      table,
      at(file),
      abnormal === null ? null : at(abnormal),
      findings.map(({ column }) => at(column)),
    ),
  };
}

/** Without a person's mapping a column of probabilities under an unknown name must not be dropped in silence. */
function mappingOf(table: CsvTable, chosen: ColumnMapping | null): ColumnMapping {
  const mapping = resolveMapping(table, chosen);
  if (chosen !== null) return mapping;
  const strangers = unusedColumns(table.columns, mapping).filter((column) => {
    const at = table.columns.indexOf(column);
    const cells = table.rows.map((row) => (row[at] ?? '').trim()).filter((cell) => cell !== '');
    return cells.length > 0 && cells.every((cell) => Number(cell) >= 0 && Number(cell) <= 1);
  });
  if (strangers.length > 0) throw unknownLabels(strangers);
  return mapping;
}

function ownTable(table: CsvTable, source: string): ScoreFile {
  // How like a film is to the training films is worked out by the model here, never taken over from a file.
  const names = table.columns.slice(OWN_HEADER.length, scoreColumns(table.columns)).map(plainCell);
  const runs = new Set(table.rows.map((row) => `${plainCell(row[2] ?? '')} ${row[3] ?? ''}`));
  if (runs.size > 1) {
    throw new ServiceError(
      'BAD_INPUT',
      `The file has scores of ${runs.size} runs. Nothing was imported; import one file a run.`,
    );
  }
  const [first] = table.rows;
  const id = plainCell(first?.[2] ?? '');
  return {
    source,
    run: { id, name: id, weightsSha256: first?.[3] ?? '' },
    findings: names,
    rows: rowsOf(
      table,
      0,
      OWN_HEADER.length - 1,
      names.map((_, index) => OWN_HEADER.length + index),
    ),
  };
}

function rowsOf(table: CsvTable, film: number, t2: number | null, t1: readonly number[]): ScoreRow[] {
  const number = (cell: string | undefined): number | null => {
    const text = (cell ?? '').trim();
    return text === '' ? null : Number(text);
  };
  return table.rows.map((row, index) => ({
    place: `line ${lineOf(index)}`,
    film: plainCell(row[film] ?? '').trim(),
    t2: t2 === null ? null : number(row[t2]),
    t1: t1.map((column) => number(row[column])),
  }));
}

/** Every number within 0…1, every film once, every finding known and once. */
function check({ findings, rows }: ScoreFile): void {
  const odd = findings.find((name) => name.trim() === '' || name.length > 200);
  if (odd !== undefined) {
    throw new ServiceError(
      'BAD_INPUT',
      `“${odd.slice(0, 40)}” is no name of a finding. Nothing was imported.`,
    );
  }
  const twice = findings.find((name, index) => findings.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ServiceError('BAD_INPUT', `Two columns stand for ${twice}. Nothing was imported; keep one.`);
  }
  const seen = new Map<string, string>();
  const problems = rows.flatMap(({ place, film, t1, t2 }) => {
    if (film === '') return [`${place} names no film`];
    const before = seen.get(film);
    seen.set(film, place);
    const values: [string, number | null][] = [
      ['abnormal', t2],
      ...findings.map((name, index) => [name, t1[index] ?? null] as [string, number | null]),
    ];
    const wrong = values.filter(([, value]) => value !== null && !(value >= 0 && value <= 1));
    return [
      ...(before === undefined ? [] : [`${place} is about ${film} as ${before} is`]),
      ...(t1.length === findings.length
        ? []
        : [`${place} has ${t1.length} scores for ${findings.length} findings`]),
      ...wrong.map(([name]) => `${place} has no probability of 0…1 for ${name}`),
      ...(values.every(([, value]) => value === null) ? [`${place} has no score`] : []),
    ];
  });
  if (problems.length > 0) refuse(problems);
}
