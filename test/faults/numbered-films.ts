/** @file A folder of small real films with a labels file: as many as a kill needs to fall into the middle of an import. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';

export interface NumberedFilms {
  readonly dir: string;
  readonly labels: string;
  readonly films: number;
  readonly patients: number;
}

/** Every film has both labels; half of the films are abnormal. */
export function numberedFilms(dir: string, films: number): NumberedFilms {
  mkdirSync(dir, { recursive: true });
  const patients = Math.ceil(films / 3);
  const lines = ['file,patient,abnormal,Edema,Hernia'];
  for (let index = 0; index < films; index++) {
    writeFileSync(join(dir, `${index}.dcm`), tinyDicom({ pixel: pattern(index) }));
    lines.push(`${index}.dcm,P${index % patients},${index % 2},${index % 2},1`);
  }
  const labels = join(dir, 'labels.csv');
  writeFileSync(labels, lines.join('\n'));
  return { dir, labels, films, patients };
}
