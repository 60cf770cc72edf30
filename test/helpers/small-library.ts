/** @file A library of a few real films with labels, small enough to train on in a test. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tempFolder } from './temp-library.ts';

const SAMPLES = fileURLToPath(new URL('../../resources/samples/', import.meta.url));

/** Films a part and class: normal and abnormal ones in train, validation and test. */
const COUNTS = { train: 5, validation: 2, test: 3 } as const;

/**
 * A folder with films and a labels.csv that names their parts: 5 + 2 + 3 normal ones and as many abnormal ones. Findings
 * with both classes among the training films: Infiltration and Pneumonia at least.
 */
export function smallFilmFolder(): { readonly dir: string; readonly labels: string; readonly films: number } {
  const dir = join(tempFolder(), 'films');
  mkdirSync(join(dir, 'images'), { recursive: true });
  const [head = '', ...rows] = readFileSync(join(SAMPLES, 'labels.csv'), 'utf8').trim().split('\n');
  const columns = head.split(',');
  const at = (row: string, column: string): string => row.split(',')[columns.indexOf(column)] ?? '';
  // one film a patient, so that any part may hold any film
  const seen = new Set<string>();
  const single = rows.filter((row) => !seen.has(at(row, 'patient_id')) && seen.add(at(row, 'patient_id')));
  const taken: string[] = [];
  for (const kind of ['normal', 'abnormal']) {
    const pool = single.filter((row) => at(row, 'normal_abnormal') === kind);
    for (const [part, count] of Object.entries(COUNTS)) {
      for (const row of pool.splice(0, count)) {
        const cells = row.split(',');
        cells[columns.indexOf('split')] = part;
        taken.push(cells.join(','));
        symlinkSync(join(SAMPLES, at(row, 'file')), join(dir, at(row, 'file')));
      }
    }
  }
  const labels = join(dir, 'labels.csv');
  writeFileSync(labels, [head, ...taken].join('\n'));
  return { dir: join(dir, 'images'), labels, films: taken.length };
}
