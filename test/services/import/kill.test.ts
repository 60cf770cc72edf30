/** @file The importing process is killed at random points; the library is sound each time, and importing again goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { verifyLibrary } from '../../../main/services/library/verify-library.ts';
import { importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

const FILMS = 60;
const KILLS = 6;
const PROGRAM = join(import.meta.dirname, '../../helpers/import-program.ts');

it('leaves whole films with their labels, whenever it is killed', async () => {
  const dir = tempFolder();
  const lines = ['file,patient,Edema,Hernia'];
  for (let index = 0; index < FILMS; index++) {
    writeFileSync(join(dir, `${index}.dcm`), tinyDicom({ pixel: pattern(index) }));
    lines.push(`${index}.dcm,P${index % 20},${index % 2},1`);
  }
  const labels = join(dir, 'labels.csv');
  writeFileSync(labels, lines.join('\n'));
  const home = join(tempFolder(), 'library');

  let films = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [PROGRAM, home, dir, labels], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // The program says how many films are in; it is killed in the middle of one of the next.
    let told = '';
    const enough = films + 3 + kill;
    for await (const chunk of child.stdout) {
      told += String(chunk);
      if (Number(told.trim().split('\n').at(-1)) >= enough) break;
    }
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');

    const { library } = await tempLibrary({ dir: home });
    expect(library.files.readOnly).toBe(false);
    expect(library.store.wasUnclean).toBe(true);
    const verdict = await verifyLibrary(library.store, library.files);
    expect(verdict.problems).toEqual([]);
    const counts = library.store.labels.counts();
    films = library.store.films.totals().films;
    expect(films).toBeGreaterThanOrEqual(enough);
    for (const { positive, negative, unknown } of counts)
      expect([positive + negative, unknown]).toEqual([films, 0]);
    const row = library.store.imports.newest();
    expect(row).toMatchObject({ state: 'failed', error: { code: 'CANCELLED' } });
    await library.close();
  }

  const { library } = await tempLibrary({ dir: home });
  const { summary } = await importAll(library, { paths: [dir], labels });
  expect(summary).toMatchObject({ imported: FILMS - films, duplicates: films, patients: 20 });
  expect((await verifyLibrary(library.store, library.files)).ok).toBe(true);
});
