/**
 * @file Scores of one run as CSV, JSON, COCO and a table in VinDr-CXR's shape; each is read back for the check. Scores are
 * probabilities of 0…1 as the model gave them.
 */
import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import type { TableFormat } from '../../../shared/domain/exchange.ts';
import { parseCsvTable } from '../import/csv-table.ts';
import { utf8, type FilesByName, type WholeFile } from './annotation-set.ts';
import { csvText, plainCell } from './csv-cells.ts';
import { only, parseJson } from './json-format.ts';

export const PREDICTIONS_MARK = 'chestlight-predictions';
const T2 = 'abnormal';

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
    }),
  ),
});
export type PredictionSet = z.infer<typeof predictionSet>;
type Film = PredictionSet['films'][number];

interface PredictionFormat {
  write(set: PredictionSet): WholeFile;
  /** What the file says of films and scores. */
  read(bytes: Uint8Array): Promise<Scores> | Scores;
}
interface Scores {
  readonly findings: readonly string[];
  readonly films: readonly Pick<Film, 'filmId' | 'abnormal' | 'scores'>[];
}

const json: PredictionFormat = {
  write: (set) => ({
    name: 'predictions.json',
    bytes: utf8(`${JSON.stringify({ format: PREDICTIONS_MARK, version: 1, ...set }, null, 1)}\n`),
  }),
  read: (bytes) => predictionSet.parse(parseJson(bytes, 'The predictions file')),
};

const COLUMNS = ['film_id', 'file', 'run_id', 'weights_sha256', T2] as const;

const csv: PredictionFormat = {
  write: ({ run, findings, films }) => ({
    name: 'predictions.csv',
    bytes: utf8(
      csvText([
        [...COLUMNS, ...findings],
        ...films.map((film) => [
          film.filmId,
          film.file,
          run.id,
          run.weightsSha256,
          film.abnormal,
          ...film.scores,
        ]),
      ]),
    ),
  }),
  read: async (bytes) => ofTable(await parseCsvTable(bytes), 0, COLUMNS.length - 1),
};

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
  read: async (bytes) => ofTable(await parseCsvTable(bytes), 0, 1),
};

function ofTable(
  { columns, rows }: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] },
  idAt: number,
  scoresAt: number,
): Scores {
  return {
    findings: columns.slice(scoresAt + 1).map(plainCell),
    films: rows.map((row) => {
      const [abnormal = Number.NaN, ...scores] = row.slice(scoresAt).map(Number);
      return { filmId: plainCell(row[idAt] ?? ''), abnormal, scores };
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
          images: films.map(({ filmId, file, width, height, abnormal, scores }, index) => ({
            id: index + 1,
            file_name: file,
            width,
            height,
            film_id: filmId,
            abnormal_score: abnormal,
            scores: scores.map((score, at) => ({ category_id: at + 1, score })),
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
      films: file.images.map(({ film_id, abnormal_score, scores }) => ({
        filmId: film_id,
        abnormal: abnormal_score,
        scores: scores.map(({ score }) => score),
      })),
    };
  },
};

const FORMATS: Readonly<Record<TableFormat, PredictionFormat>> = { csv, json, coco, vindr };

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
  const scores = (list: Scores['films']) =>
    list.map(({ filmId, abnormal, scores: t1 }) => ({ filmId, abnormal, scores: [...t1] }));
  return isDeepStrictEqual(
    { findings: [...findings], films: scores(films) },
    { findings: [...set.findings], films: scores(set.films) },
  );
}
