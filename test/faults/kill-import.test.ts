/**
 * @file The importing process is killed at random points; the library is sound each time, every film is in with its labels or
 * not at all, and importing again goes on. CHESTLIGHT_KILLS=200 for the long version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';
import { numberedFilms, type NumberedFilms } from './numbered-films.ts';

const FILMS = 60;
const KILLS = killsOr(3);
const PROGRAM = join(import.meta.dirname, '../helpers/import-program.ts');
const random = chance();

/** Imports until `enough` films are told, and a random part of the next ones. @returns films that were told */
async function importUntilKilled(
  home: string,
  { dir, labels }: NumberedFilms,
  enough: number,
): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, home, dir, labels], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let told = 0;
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      told = Number(line);
      if (told >= enough) resolve();
    });
    lines.once('close', resolve);
  });
  await wait(random() * 40);
  child.kill('SIGKILL');
  await ended;
  return told;
}

/** @returns films that are in */
async function expectWhole(home: string, told: number): Promise<number> {
  const { library } = await tempLibrary({ dir: home });
  expect(library.files.readOnly).toBe(false);
  expect(library.store.restored).toBeNull();
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  const { films } = library.store.films.totals();
  expect(films).toBeGreaterThanOrEqual(told);
  for (const { positive, negative, unknown } of library.store.labels.counts())
    expect([positive + negative, unknown]).toEqual([films, 0]);
  expect(library.store.imports.newest()?.state).not.toBe('running');
  await library.close();
  return films;
}

it(
  `leaves whole films with their labels, in ${KILLS} kills`,
  { timeout: 60_000 + KILLS * 20_000 },
  async () => {
    const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
    let home = join(tempFolder(), 'library');
    let films = 0;
    let unfinished = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      if (films > FILMS - 10) {
        home = join(tempFolder(), 'library');
        films = 0;
      }
      const enough = films + 1 + Math.floor(random() * 8);
      films = await expectWhole(home, await importUntilKilled(home, source, enough));
      unfinished += Number(films < FILMS);
    }
    expect(unfinished).toBeGreaterThan(KILLS / 2); // else nothing was cut off, and nothing was tested

    const { library } = await tempLibrary({ dir: home });
    const { summary } = await importAll(library, { paths: [source.dir], labels: source.labels });
    expect(summary).toMatchObject({ imported: FILMS - films, duplicates: films, patients: source.patients });
    expect((await verifyLibrary(library.store, library.files)).ok).toBe(true);
  },
);
