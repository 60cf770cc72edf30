/** @file `metrics SCORES.csv`: AUROC with DeLong's interval, average precision, Brier, ECE from label,score[,patient]. */
import { readFile } from 'node:fs/promises';

import { parse } from 'csv-parse/sync';

import { delong } from '../../numeric/metrics/auroc.ts';
import { countPositives, MetricsError, type BinaryScores } from '../../numeric/metrics/binary-scores.ts';
import {
  averagePrecision,
  brier,
  expectedCalibrationError,
} from '../../numeric/metrics/probability-scores.ts';
import { Refusal, type Verb } from '../verb.ts';

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  }
}

/** @throws Refusal naming the row (counted from 1 below the header) or the missing column. */
function readScores(text: string, file: string): BinaryScores {
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${file} is not a CSV table: ${(error as Error).message}`, { file });
  }
  const [header, ...body] = rows;
  const missing = ['label', 'score'].filter((name) => !header?.includes(name));
  if (header === undefined || missing.length > 0) {
    throw new Refusal(
      'MISSING_COLUMNS',
      `${file} needs the columns label and score; missing: ${missing.join(', ')}.`,
      {
        missing,
      },
    );
  }
  const column = (name: string) => body.map((row) => row[header.indexOf(name)] ?? '');
  const numbers = (name: string) =>
    column(name).map((cell, index) => {
      const value = Number(cell);
      if (cell !== '' && Number.isFinite(value)) return value;
      throw new Refusal('BAD_INPUT', `Row ${index + 1}: ${name} "${cell}" is not a number.`, {
        row: index + 1,
      });
    });
  return { labels: numbers('label'), scores: numbers('score') };
}

export const metrics: Verb = {
  name: 'metrics',
  usage: 'metrics SCORES.csv',
  words: 1,
  summary: 'AUROC with 95 % interval, average precision, Brier and ECE from columns label,score[,patient]',
  options: {},
  run: async ({ positionals }) => {
    const [file] = positionals;
    if (file === undefined) {
      throw new Refusal('BAD_INPUT', 'Name one CSV file: chestlight metrics SCORES.csv');
    }
    const data = readScores(await readText(file), file);
    try {
      const area = delong(data);
      const json = {
        auroc: area?.auroc ?? null,
        ci: area?.ci ?? null,
        n: data.labels.length,
        positives: countPositives(data.labels),
        ap: averagePrecision(data),
        brier: brier(data),
        ece: expectedCalibrationError(data),
      };
      return {
        json,
        text: Object.entries(json)
          .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
          .join('\n'),
      };
    } catch (error) {
      if (error instanceof MetricsError) throw new Refusal('BAD_INPUT', error.message, { file });
      throw error;
    }
  },
};
