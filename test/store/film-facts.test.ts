/** @file Films of a library from before the shape of a pixel and the part of the body were kept: known as not read yet. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, it } from 'vitest';

import { openDatabase } from '../../main/store/database.ts';
import { MIGRATIONS_DIR, openStore } from '../../main/store/store.ts';
import type { FilmId } from '../../shared/domain/ids.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

it('a library of the layout before opens with its films, whose headers can be filled in', () => {
  const dir = tempFolder();
  const older = join(dir, 'older');
  cpSync(MIGRATIONS_DIR, older, { recursive: true });
  for (const name of readdirSync(older)) if (Number(name.slice(0, 4)) >= 21) rmSync(join(older, name));
  const path = join(dir, 'library.db');
  const migrationsDir = pathToFileURL(`${older}/`);
  const { db } = openDatabase(path, { readOnly: false, migrationsDir, now: () => 1, goBackTo: null });
  db.pragma('foreign_keys = OFF');
  const sha256 = 'a'.repeat(64);
  db.prepare('INSERT INTO patients (key) VALUES (?)').run(sha256);
  db.prepare(
    `INSERT INTO films (id, patient_no, name, pixel_sha256, original_sha256, model_sha256, thumbnail_sha256, pipeline, format,
       photometric, rows, cols, frames, bits_stored, bytes, import_id, imported_at)
     VALUES ('film-1', 1, 'old.dcm', @sha256, @sha256, @sha256, @sha256, 'p', 'dicom', 'MONOCHROME2', 4, 4, 1, 8, 16, 'import-1', 1)`,
  ).run({ sha256 });
  db.close();

  const store = openStore(path, { clock: testClock() });
  const film = store.films.find('film-1' as FilmId);
  expect(film).toMatchObject({ name: 'old.dcm', pixelAspect: null, bodyPart: null });
  const no = film?.no ?? -1;
  store.films.setHeader(no, { pixelAspect: 2.5, bodyPart: 'CHEST' });
  expect(store.films.find('film-1' as FilmId)).toMatchObject({ pixelAspect: 2.5, bodyPart: 'CHEST' });
  for (const pixelAspect of [0, -1]) {
    expect(() => store.films.setHeader(no, { pixelAspect, bodyPart: null })).toThrow(/CHECK/);
  }
  store.close();
});
