/**
 * @file Annotations in the layout of VinDr-CXR 1.0.0 (physionet.org/content/vindr-cxr/1.0.0): image_labels.csv with a column
 * a finding and a row a reader, annotations.csv with a box a row.
 */
import { NO_FINDING, VINDR_GLOBAL, VINDR_LOCAL } from '../../../shared/domain/findings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { parseCsvTable, type CsvTable } from '../import/csv-table.ts';
import { IMAGE_ENDING, stemOf } from '../import/label-index.ts';
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
const BOX_COLUMNS = ['image_id', 'rad_id', 'class_name', 'x_min', 'y_min', 'x_max', 'y_max'] as const;

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
  return [['image_id', 'rad_id', ...columns], ...rows];
}

function boxRows(set: AnnotationSet, names: readonly string[]) {
  const rows = set.films.flatMap(({ boxes }, index) =>
    boxes.length === 0
      ? [[names[index] ?? '', null, NO_FINDING, null, null, null, null]]
      : boxes.map(({ reader, finding, x, y, width, height }) => [
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

/** What stands in the two files, by image_id. */
async function readBack(files: FilesByName): Promise<AnnotationSet> {
  const labels = await named(files, VINDR_LABELS);
  const boxes = await named(files, VINDR_BOXES);
  const findings = labels.columns.slice(2).map(plainCell);
  const films = new Map<string, AnnotatedFilm>();
  for (const row of labels.rows) {
    const [name = '', reader = '', ...cells] = row.map(plainCell);
    const film = films.get(name) ?? bare(name);
    films.set(name, film);
    const said = findings.flatMap((finding, at) =>
      cells[at] === '' ? [] : [{ finding, value: cells[at] === '1' }],
    );
    if (reader === '') film.labels.push(...said);
    else film.readings.push(...said.map((one) => ({ reader, ...one })));
  }
  for (const row of boxes.rows) {
    const [name = '', reader = '', finding = '', left, top, right, bottom] = row.map(plainCell);
    if (left === '') continue;
    const [x, y] = [Number(left), Number(top)];
    films.get(name)?.boxes.push({
      finding,
      reader: reader === '' ? null : reader,
      x,
      y,
      width: Number(right) - x,
      height: Number(bottom) - y,
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
