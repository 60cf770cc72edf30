/**
 * @file Annotations as one tidy CSV: a row says one thing about one film. `kind` is film (value = abnormal), label, reading,
 * box, answer, verdict, note or seconds.
 */
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { lineOf, parseCsvTable, type CsvTable } from '../import/csv-table.ts';
import {
  annotatedFilm,
  REMARK_KINDS,
  utf8,
  type AnnotatedBox,
  type AnnotatedFilm,
  type AnnotationFormat,
  type AnnotationSet,
} from './annotation-set.ts';
import { csvText, plainCell } from './csv-cells.ts';
import { only } from './json-format.ts';

const NAME = 'annotations.csv';
export const CSV_COLUMNS = [
  'film_id',
  'file',
  'width',
  'height',
  'kind',
  'reader',
  'finding',
  'value',
  'x',
  'y',
  'box_width',
  'box_height',
  'frame',
  'confidence',
  'outline',
] as const;

type Row = readonly (string | number | null)[];

/** Whether a table was written by this format. */
export function isAnnotationsCsv(columns: readonly string[]): boolean {
  return columns.length === CSV_COLUMNS.length && CSV_COLUMNS.every((name, index) => columns[index] === name);
}

const bit = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0);
const none: Row = [null, null, null, null, null, null, null];

function* rowsOf({ films }: AnnotationSet): Generator<Row> {
  yield CSV_COLUMNS;
  for (const film of films) {
    const head = [film.filmId, film.file, film.width, film.height];
    yield [...head, 'film', null, null, bit(film.abnormal), ...none];
    for (const { finding, value } of film.labels)
      yield [...head, 'label', null, finding, bit(value), ...none];
    for (const { reader, finding, value } of film.readings) {
      yield [...head, 'reading', reader, finding, bit(value), ...none];
    }
    for (const box of film.boxes) yield [...head, 'box', box.reader, box.finding, null, ...boxCells(box)];
    for (const { reader, kind, about, value } of film.remarks) {
      yield [...head, kind, reader, about, value, ...none];
    }
  }
}

function boxCells({ x, y, width, height, frame, confidence, outline }: AnnotatedBox): Row {
  return [x, y, width, height, frame, confidence, outline?.map((point) => point.join(' ')).join(';') ?? null];
}

/** The findings that films speak of, in the order in which they first do. */
export function spokenOf(films: readonly AnnotatedFilm[]): string[] {
  const names = films.flatMap(({ labels, readings, boxes }) =>
    [...labels, ...readings, ...boxes].map(({ finding }) => finding),
  );
  return [...new Set(names)];
}

function emptyFilm(cell: (at: number) => string): AnnotatedFilm {
  return {
    filmId: cell(0),
    file: cell(1),
    width: Number(cell(2)),
    height: Number(cell(3)),
    abnormal: null,
    labels: [],
    readings: [],
    boxes: [],
    remarks: [],
  };
}

function truth(text: string, line: number): boolean {
  if (text === '1' || text === '0') return text === '1';
  throw badLine(line, `“${text.slice(0, 40)}” is neither 1 nor 0`);
}

function badLine(line: number, why: string): ServiceError {
  return new ServiceError(
    'BAD_INPUT',
    `Line ${line} of the annotations file cannot be read: ${why}. Nothing was imported; export it again.`,
    { line },
  );
}

/** @throws ServiceError BAD_INPUT naming the line */
export function filmsOfTable(table: CsvTable): AnnotatedFilm[] {
  const films = new Map<string, AnnotatedFilm>();
  for (const [index, cells] of table.rows.entries()) {
    const cell = (at: number): string => plainCell(cells[at] ?? '');
    const known = films.get(cell(0));
    const film = known ?? emptyFilm(cell);
    if (known === undefined) films.set(film.filmId, film);
    addRow(film, cell, lineOf(index));
  }
  return [...films.values()].map((film) => {
    const parsed = annotatedFilm.safeParse(film);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new ServiceError(
      'BAD_INPUT',
      `The annotations file is damaged where it speaks of “${film.file.slice(0, 80)}” (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}). Nothing was imported.`,
    );
  });
}

function addRow(film: AnnotatedFilm, cell: (at: number) => string, line: number): void {
  const [kind, reader, finding, value] = [cell(4), cell(5), cell(6), cell(7)];
  const remark = REMARK_KINDS.find((one) => one === kind);
  if (remark !== undefined) film.remarks.push({ reader, kind: remark, about: finding, value });
  else if (kind === 'film') film.abnormal = value === '' ? null : truth(value, line);
  else if (kind === 'label') film.labels.push({ finding, value: truth(value, line) });
  else if (kind === 'reading') film.readings.push({ reader, finding, value: truth(value, line) });
  else if (kind === 'box') film.boxes.push(boxOf(cell, reader, finding));
  else throw badLine(line, `“${kind.slice(0, 40)}” is no kind of annotation`);
}

function boxOf(cell: (at: number) => string, reader: string, finding: string): AnnotatedBox {
  const number = (at: number): number => (cell(at) === '' ? Number.NaN : Number(cell(at)));
  return {
    finding,
    reader: reader === '' ? null : reader,
    x: number(8),
    y: number(9),
    width: number(10),
    height: number(11),
    frame: number(12),
    confidence: cell(13) === '' ? null : Number(cell(13)),
    outline:
      cell(14) === ''
        ? null
        : cell(14)
            .split(';')
            .map((point) => point.split(' ').map(Number) as [number, number]),
  };
}

export const csvFormat: AnnotationFormat = {
  write: (set) => [{ name: NAME, bytes: utf8(csvText(rowsOf(set))) }],
  async read(files) {
    const table = await parseCsvTable(only(files, NAME));
    const films = filmsOfTable(table);
    return { findings: spokenOf(films), films };
  },
  held: ({ films }) => ({ findings: spokenOf(films), films }),
  leftOut: () => [],
};
