/**
 * @file Scores of one run as CSV, JSON, COCO and a table in VinDr-CXR's shape; each is read back for the check. Scores are
 * probabilities of 0…1 as the model gave them.
 */
import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import type { TableFormat } from '../../../shared/domain/exchange.ts';
import { parseCsvTable, type CsvTable } from '../import/csv-table.ts';
import { utf8, type FilesByName, type WholeFile } from './annotation-set.ts';
import { csvText, plainCell } from './csv-cells.ts';
import { only, parseJson } from './json-format.ts';

export const PREDICTIONS_MARK = 'chestlight-predictions';
const T2 = 'abnormal';

/** Columns of CSV that follow the findings. */
export const LIKENESS_COLUMNS = ['likeness', 'likeness_distance', 'likeness_limit'] as const;

/** How like the training films a film is: beyond the run's limit it is unlike, and its scores say little. */
const filmLikeness = z.object({
  state: z.enum(['like', 'unlike', 'not-fitted']),
  /** null = not fitted, or no number. */
  distance: z.number().nullable(),
});
export type FilmLikeness = z.infer<typeof filmLikeness>;

export const predictionSet = z.object({
  run: z.object({
    id: z.string(),
    name: z.string(),
    method: z.string(),
    model: z.string(),
    resolution: z.number().int(),
    weightsSha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** In force when the file was written, for "abnormal" and each finding; files of older versions have none. */
    operatingPoints: z
      .array(
        z.object({ name: z.string(), threshold: z.number().nullable(), setByHand: z.string().nullable() }),
      )
      .default([]),
    /** What films are compared with; null = nothing was fitted, or the file is of an older version. */
    likeness: z
      .object({
        limit: z.number(),
        quantile: z.number(),
        trainFilms: z.number().int(),
        validationFilms: z.number().int(),
      })
      .nullable()
      .default(null),
  }),
  findings: z.array(z.string()),
  films: z.array(
    z.object({
      filmId: z.string(),
      file: z.string(),
      width: z.number().int(),
      height: z.number().int(),
      /** T2. */
      abnormal: z.number(),
      /** T1, in the order of `findings`. */
      scores: z.array(z.number()),
      /** null = the file is of an older version. */
      likeness: filmLikeness.nullable().default(null),
    }),
  ),
});
export type PredictionSet = z.infer<typeof predictionSet>;
type Film = PredictionSet['films'][number];

interface PredictionFormat {
  write(set: PredictionSet): WholeFile;
  /** What the file says of films and scores. */
  read(bytes: Uint8Array): Promise<Scores> | Scores;
  /** Whether the shape has a place for it. */
  readonly likeness: boolean;
}
interface ReadFilm extends Pick<Film, 'filmId' | 'abnormal' | 'scores' | 'likeness'> {
  readonly limit: number | null;
}
interface Scores {
  readonly findings: readonly string[];
  readonly films: readonly ReadFilm[];
}

const json: PredictionFormat = {
  write: (set) => ({
    name: 'predictions.json',
    bytes: utf8(`${JSON.stringify({ format: PREDICTIONS_MARK, version: 1, ...set }, null, 1)}\n`),
  }),
  read(bytes) {
    const { run, findings, films } = predictionSet.parse(parseJson(bytes, 'The predictions file'));
    return { findings, films: films.map((film) => ({ ...film, limit: run.likeness?.limit ?? null })) };
  },
  likeness: true,
};

const COLUMNS = ['film_id', 'file', 'run_id', 'weights_sha256', T2] as const;

const csv: PredictionFormat = {
  write: ({ run, findings, films }) => ({
    name: 'predictions.csv',
    bytes: utf8(
      csvText([
        [...COLUMNS, ...findings, ...LIKENESS_COLUMNS],
        ...films.map((film) => [
          film.filmId,
          film.file,
          run.id,
          run.weightsSha256,
          film.abnormal,
          ...film.scores,
          film.likeness?.state ?? null,
          film.likeness?.distance ?? null,
          run.likeness?.limit ?? null,
        ]),
      ]),
    ),
  }),
  async read(bytes) {
    const { columns, rows } = await parseCsvTable(bytes);
    const scores = scoreColumns(columns);
    const table = ofTable({
      columns: columns.slice(0, scores),
      rows: rows.map((row) => row.slice(0, scores)),
    });
    const number = (cell: string | undefined) => (cell === undefined || cell === '' ? null : Number(cell));
    const likeness = rows.map((row) => {
      const [state = '', distance, limit] = row.slice(scores);
      const said = state === '' ? null : filmLikeness.parse({ state, distance: number(distance) });
      return { likeness: said, limit: number(limit) };
    });
    return { ...table, films: table.films.map((film, at) => ({ ...film, ...likeness[at] })) };
  },
  likeness: true,
};

/** How many columns of a table of ours there are before those of likeness, which tables of older versions do not have. */
export function scoreColumns(columns: readonly string[]): number {
  const scores = columns.length - LIKENESS_COLUMNS.length;
  return LIKENESS_COLUMNS.every((name, index) => columns[scores + index] === name) ? scores : columns.length;
}

const vindr: PredictionFormat = {
  write: ({ findings, films }) => ({
    name: 'image_scores.csv',
    bytes: utf8(
      csvText([
        ['image_id', T2, ...findings],
        ...films.map((film) => [film.filmId, film.abnormal, ...film.scores]),
      ]),
    ),
  }),
  read: async (bytes) => ofTable(await parseCsvTable(bytes), 1),
  likeness: false,
};

function ofTable({ columns, rows }: CsvTable, scoresAt: number = COLUMNS.length - 1): Scores {
  return {
    findings: columns.slice(scoresAt + 1).map(plainCell),
    films: rows.map((row) => {
      const [abnormal = Number.NaN, ...scores] = row.slice(scoresAt).map(Number);
      return { filmId: plainCell(row[0] ?? ''), abnormal, scores, likeness: null, limit: null };
    }),
  };
}

export const cocoScores = z.object({
  info: z.object({ run: predictionSet.shape.run }),
  categories: z.array(z.object({ id: z.number(), name: z.string() })),
  images: z.array(
    z.object({
      film_id: z.string(),
      abnormal_score: z.number(),
      scores: z.array(z.object({ category_id: z.number(), score: z.number() })),
      likeness: filmLikeness.nullable().default(null),
    }),
  ),
});

/** COCO has no scores of whole images: they stand with the image, and there are no boxes. */
const coco: PredictionFormat = {
  write: ({ run, findings, films }) => ({
    name: 'coco-scores.json',
    bytes: utf8(
      `${JSON.stringify(
        {
          info: {
            description: `Scores of ${run.name}`,
            contributor: 'Chestlight',
            format: PREDICTIONS_MARK,
            version: 1,
            run,
          },
          licenses: [],
          categories: findings.map((name, index) => ({ id: index + 1, name, supercategory: 'finding' })),
          images: films.map(({ filmId, file, width, height, abnormal, scores, likeness }, index) => ({
            id: index + 1,
            file_name: file,
            width,
            height,
            film_id: filmId,
            abnormal_score: abnormal,
            scores: scores.map((score, at) => ({ category_id: at + 1, score })),
            likeness,
          })),
          annotations: [],
        },
        null,
        1,
      )}\n`,
    ),
  }),
  read(bytes) {
    const file = cocoScores.parse(parseJson(bytes, 'The COCO file'));
    return {
      findings: file.categories.map(({ name }) => name),
      films: file.images.map(({ film_id, abnormal_score, scores, likeness }) => ({
        filmId: film_id,
        abnormal: abnormal_score,
        scores: scores.map(({ score }) => score),
        likeness,
        limit: file.info.run.likeness?.limit ?? null,
      })),
    };
  },
  likeness: true,
};

const FORMATS: Readonly<Record<TableFormat, PredictionFormat>> = { csv, json, coco, vindr };

/** Whether files of the format say how like the training films each film is. */
export function holdsLikeness(format: TableFormat): boolean {
  return FORMATS[format].likeness;
}

export function writePredictions(set: PredictionSet, format: TableFormat): readonly WholeFile[] {
  return [FORMATS[format].write(set)];
}

/** Whether the file, as it was read from the disk, says what the set says. */
export async function predictionsMatch(
  set: PredictionSet,
  format: TableFormat,
  files: FilesByName,
): Promise<boolean> {
  const { findings, films } = await FORMATS[format].read(
    only(files, FORMATS[format].write({ ...set, films: [] }).name),
  );
  const said = (list: Scores['films']) =>
    list.map(({ filmId, abnormal, scores, likeness, limit }) => ({
      filmId,
      abnormal,
      scores,
      likeness,
      limit,
    }));
  const limit = set.run.likeness?.limit ?? null;
  const wanted = set.films.map((film) =>
    FORMATS[format].likeness ? { ...film, limit } : { ...film, likeness: null, limit: null },
  );
  return isDeepStrictEqual(
    { findings: [...findings], films: said(films) },
    { findings: [...set.findings], films: said(wanted) },
  );
}
