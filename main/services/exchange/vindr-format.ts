/**
 * @file Annotations in the layout of VinDr-CXR 1.0.0 (physionet.org/content/vindr-cxr/1.0.0): image_labels.csv with a column
 * a finding and a row a reader, annotations.csv with a box a row.
 */
import { NO_FINDING, VINDR_GLOBAL, VINDR_LOCAL } from '../../../shared/domain/findings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { parseCsvTable, type CsvTable } from '../import/csv-table.ts';
import { IMAGE_ENDING, stemOf } from '../import/label-index.ts';
import { counted } from '../import/wording.ts';
import {
  utf8,
  type AnnotatedBox,
  type AnnotatedFilm,
  type AnnotationFormat,
  type AnnotationSet,
  type FilesByName,
} from './annotation-set.ts';
import { csvText, plainCell } from './csv-cells.ts';

export const VINDR_LABELS = 'image_labels.csv';
export const VINDR_BOXES = 'annotations.csv';
export const VINDR_LABEL_KEYS = ['image_id', 'rad_id'] as const;
export const BOX_COLUMNS = ['image_id', 'rad_id', 'class_name', 'x_min', 'y_min', 'x_max', 'y_max'] as const;

/** VinDr-CXR's own order of columns, then the library's own findings. */
function columnOrder(findings: readonly string[]): string[] {
  const order: readonly string[] = [...VINDR_LOCAL, ...VINDR_GLOBAL];
  return [
    ...order.filter((name) => findings.includes(name)),
    ...findings.filter((name) => !order.includes(name)),
  ];
}

/** The file's name without ending; the film's id where two films share a name. */
function imageIds(films: readonly AnnotatedFilm[]): readonly string[] {
  const stems = films.map(({ file }) => file.replace(IMAGE_ENDING, ''));
  const same = Map.groupBy(stems, (stem) => stemOf(stem));
  return films.map(({ filmId }, index) => {
    const stem = stems[index] ?? '';
    return stem === '' || (same.get(stemOf(stem))?.length ?? 0) > 1 ? filmId : stem;
  });
}

type Said = readonly { readonly finding: string; readonly value: boolean }[];

function readers({ labels, readings }: AnnotatedFilm): readonly (readonly [string, Said])[] {
  if (readings.length === 0) return [['', labels]];
  return [...Map.groupBy(readings, ({ reader }) => reader)];
}

function labelRows(set: AnnotationSet, names: readonly string[]) {
  const columns = columnOrder(set.findings);
  const rows = set.films.flatMap((film, index) =>
    readers(film).map(([reader, said]) => {
      const values = new Map(said.map(({ finding, value }) => [finding, value ? 1 : 0]));
      return [names[index] ?? '', reader, ...columns.map((finding) => values.get(finding) ?? null)];
    }),
  );
  return [[...VINDR_LABEL_KEYS, ...columns], ...rows];
}

/** Somebody said of the film what it has, and that was nothing: what a row "No finding" means. */
function hasNothing({ labels, readings, boxes }: AnnotatedFilm): boolean {
  const said = [...labels, ...readings];
  return boxes.length === 0 && said.length > 0 && said.every(({ value }) => !value);
}

function boxRows(set: AnnotationSet, names: readonly string[]) {
  const rows = set.films.flatMap((film, index) =>
    film.boxes.length === 0
      ? hasNothing(film)
        ? [[names[index] ?? '', null, NO_FINDING, null, null, null, null]]
        : []
      : film.boxes.map(({ reader, finding, x, y, width, height }) => [
          names[index] ?? '',
          reader,
          finding,
          x,
          y,
          x + width,
          y + height,
        ]),
  );
  return [BOX_COLUMNS, ...rows];
}

const named = async (files: FilesByName, name: string): Promise<CsvTable> => {
  const bytes = files.get(name);
  if (bytes !== undefined) return await parseCsvTable(bytes);
  throw new ServiceError('BAD_INPUT', `The file ${name} is missing.`, { name });
};

/** None where there is a header alone: no film has a box, and of none it was said that it has nothing. */
async function boxRowsIn(files: FilesByName): Promise<CsvTable['rows']> {
  const bytes = files.get(VINDR_BOXES);
  const text = bytes === undefined ? '' : new TextDecoder().decode(bytes.subarray(0, 1024)).trim();
  return text === BOX_COLUMNS.join(',') ? [] : (await named(files, VINDR_BOXES)).rows;
}

/** 1 and 0, also as tables of numbers are saved; null = an empty cell. @throws ServiceError BAD_INPUT naming the row */
function yesOrNo(cell: string, row: number, finding: string): boolean | null {
  if (cell === '') return null;
  const value = Number(cell);
  if (value === 1 || value === 0) return value === 1;
  throw new ServiceError(
    'BAD_INPUT',
    `${VINDR_LABELS}, row ${row + 2}: "${cell.slice(0, 40)}" under ${finding} is neither 1 nor 0. Nothing was imported.`,
  );
}

/** @throws ServiceError BAD_INPUT naming the row */
function edges(cells: readonly (string | undefined)[], row: number): readonly number[] {
  const values = cells.map((cell) => (cell === undefined || cell === '' ? Number.NaN : Number(cell)));
  if (values.every(Number.isFinite)) return values;
  throw new ServiceError(
    'BAD_INPUT',
    `${VINDR_BOXES}, row ${row + 2}: a box has four numbers, x_min, y_min, x_max, y_max. Nothing was imported.`,
  );
}

/** What stands in the two files, by image_id. @throws ServiceError BAD_INPUT */
async function readBack(files: FilesByName): Promise<AnnotationSet> {
  const labels = await named(files, VINDR_LABELS);
  const boxes = await boxRowsIn(files);
  const findings = labels.columns.slice(2).map(plainCell);
  const films = new Map<string, AnnotatedFilm>();
  for (const [index, row] of labels.rows.entries()) {
    const [name = '', reader = '', ...cells] = row.map(plainCell);
    const film = films.get(name) ?? bare(name);
    films.set(name, film);
    const said = findings.flatMap((finding, at) => {
      const value = yesOrNo(cells[at] ?? '', index, finding);
      return value === null ? [] : [{ finding, value }];
    });
    if (reader === '') film.labels.push(...said);
    else film.readings.push(...said.map((one) => ({ reader, ...one })));
  }
  for (const [index, row] of boxes.entries()) {
    const [name = '', reader = '', finding = '', ...place] = row.map(plainCell);
    if (place.every((cell) => cell === '')) continue; // "No finding"
    const [x = 0, y = 0, right = 0, bottom = 0] = edges(place.slice(0, 4), index);
    films.get(name)?.boxes.push({
      finding,
      reader: reader === '' ? null : reader,
      x,
      y,
      width: right - x,
      height: bottom - y,
      ...PLAIN,
    });
  }
  return { findings, films: [...films.values()] };
}

const PLAIN = { frame: 0, confidence: null, outline: null } as const satisfies Partial<AnnotatedBox>;

/** The layout knows a film by its image_id alone. */
function bare(name: string): AnnotatedFilm {
  return {
    filmId: name,
    file: name,
    width: 1,
    height: 1,
    abnormal: null,
    labels: [],
    readings: [],
    boxes: [],
    remarks: [],
  };
}

export const vindrFormat: AnnotationFormat = {
  write(set) {
    const names = imageIds(set.films);
    return [
      { name: VINDR_LABELS, bytes: utf8(csvText(labelRows(set, names))) },
      { name: VINDR_BOXES, bytes: utf8(csvText(boxRows(set, names))) },
    ];
  },
  read: readBack,
  held(set) {
    const findings = columnOrder(set.findings);
    const names = imageIds(set.films);
    const inOrder = (said: Said): Said =>
      findings.flatMap((finding) => said.filter((one) => one.finding === finding).slice(-1));
    return {
      findings,
      films: set.films.map((film, index) => ({
        ...bare(names[index] ?? ''),
        labels: film.readings.length > 0 ? [] : [...inOrder(film.labels)],
        readings:
          film.readings.length === 0
            ? []
            : readers(film).flatMap(([reader, said]) =>
                inOrder(said).map(({ finding, value }) => ({ reader, finding, value })),
              ),
        boxes: film.boxes.map(({ finding, reader, x, y, width, height }) => ({
          finding,
          reader,
          x,
          y,
          width: x + width - x,
          height: y + height - y,
          ...PLAIN,
        })),
      })),
    };
  },
  leftOut({ films }) {
    const boxes = films.flatMap((film) => film.boxes);
    const said: string[] = [];
    const some = (is: boolean, sentence: string): void => {
      if (is) said.push(sentence);
    };
    some(
      films.some(({ labels, readings }) => labels.length > 0 && readings.length > 0),
      'Where readers were kept by name, their reads are given and not the label they were combined to.',
    );
    some(
      films.some(
        ({ labels, readings, abnormal }) => abnormal !== null && labels.length + readings.length === 0,
      ),
      'Normal or abnormal without any finding has no column.',
    );
    const silent = films.filter((film) => film.boxes.length === 0 && !hasNothing(film)).length;
    some(
      silent > 0,
      `${counted(silent, 'film')} without a box ${silent === 1 ? 'has' : 'have'} no row in ${VINDR_BOXES}: a finding without a box was seen, or nobody has read ${silent === 1 ? 'it' : 'them'}.`,
    );
    some(
      boxes.some(({ frame }) => frame > 0),
      'The layout has no frames: boxes on later frames stand as on the first.',
    );
    some(
      boxes.some(({ confidence }) => confidence !== null),
      'How sure a reader was has no column.',
    );
    some(
      boxes.some(({ outline }) => outline !== null),
      'Drawn outlines are given as the boxes around them.',
    );
    some(
      films.some(({ remarks }) => remarks.length > 0),
      'Answers, verdicts and notes have no column.',
    );
    return said;
  },
};
