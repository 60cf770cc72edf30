/** @file A labels file as a table: UTF-8 text, any of the usual delimiters, every row as wide as the header. */
import { Readable } from 'node:stream';

import { CsvError, parse } from 'csv-parse';

import { errorCode } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { plainVault, type LibraryVault } from '../../files/vault.ts';

export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Largest labels file, bytes. VinDr-CXR's largest has 4 MB. */
const MAX_CSV_BYTES = 256 * 1024 * 1024;
const MAX_COLUMNS = 2000;
const CHUNK = 1 << 16;

/** Line of row `index` as an editor shows it; exact while no cell holds a line break. */
export function lineOf(index: number): number {
  return index + 2;
}

/** @param vault opens what was uploaded into an encrypted library @throws ServiceError NOT_FOUND, BAD_INPUT (empty, not UTF-8, not a table) */
export async function readCsvTable(path: string, vault: LibraryVault = plainVault()): Promise<CsvTable> {
  return await parseCsvTable(await readBytes(vault, path));
}

/** @throws ServiceError BAD_INPUT (empty, not UTF-8, not a table) */
export async function parseCsvTable(bytes: Uint8Array): Promise<CsvTable> {
  const text = decodeText(bytes);
  const records = await parseRecords(text);
  const [header, ...rows] = records;
  if (header === undefined)
    throw new ServiceError('BAD_INPUT', 'The labels file is empty. Nothing was imported.');
  const columns = header.map((name) => name.trim());
  if (columns.length > MAX_COLUMNS) {
    throw new ServiceError(
      'BAD_INPUT',
      `The labels file has ${columns.length} columns; ${MAX_COLUMNS} are the limit.`,
    );
  }
  const twice = columns.find((name, index) => name !== '' && columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ServiceError(
      'BAD_INPUT',
      `The labels file has the column “${twice}” twice. Rename one of them.`,
      {
        column: twice,
      },
    );
  }
  if (rows.length === 0) {
    throw new ServiceError('BAD_INPUT', 'The labels file has a header and no rows. Nothing was imported.');
  }
  return { columns, rows };
}

async function readBytes(vault: LibraryVault, path: string): Promise<Uint8Array> {
  try {
    const size = await vault.size(path);
    if (size > MAX_CSV_BYTES)
      throw new ServiceError('BAD_INPUT', 'The labels file is larger than 256 MB.', { size });
    return await vault.read(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ServiceError('NOT_FOUND', 'The labels file does not exist. Nothing was imported.');
    }
    if (code === 'EISDIR' || code === 'EACCES' || code === 'EPERM') {
      throw new ServiceError('BAD_INPUT', 'The labels file cannot be read. Nothing was imported.', {
        cause: code,
      });
    }
    throw error;
  }
}

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new ServiceError(
      'BAD_INPUT',
      'The labels file is a workbook or an archive. Save it as CSV (UTF-8).',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ServiceError(
      'BAD_INPUT',
      'The labels file is not UTF-8 text. Nothing was imported; save it as “CSV UTF-8” and try again.',
    );
  }
}

/** The delimiter that the header uses most. */
function delimiterOf(text: string): string {
  const end = text.search(/[\r\n]/);
  const header = end < 0 ? text : text.slice(0, end);
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

async function parseRecords(text: string): Promise<string[][]> {
  const parser = parse({
    delimiter: delimiterOf(text),
    skip_empty_lines: true,
    relax_quotes: true,
    max_record_size: 1 << 20,
  });
  const records: string[][] = [];
  try {
    for await (const record of Readable.from(chunks(text)).pipe(parser)) records.push(record as string[]);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? error['lines'] : null;
    throw new ServiceError(
      'BAD_INPUT',
      `The labels file is not a table${line === null ? '' : ` from line ${line} on`}: a row has more or fewer cells` +
        ' than the header, or a quote is not closed. Nothing was imported.',
      { line, cause: error.code },
    );
  }
  return records;
}

function* chunks(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += CHUNK) yield text.slice(at, at + CHUNK);
}
