/**
 * @file The app's server is killed at random points while a window imports films and makes splits: the database is sound, what the
 * window was told is there, the lock is free. CHESTLIGHT_KILLS=200 for the long version.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { importSource, splitRequest, type ImportSource } from '../../shared/contract/library.ts';
import type { ImportId, SplitId } from '../../shared/domain/ids.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';
import { numberedFilms } from './numbered-films.ts';
import { startServer, type RunningServer } from './server-process.ts';

const KILLS = killsOr(4);
const FILMS = 30;
/** Longest time that the server works before it is killed, ms. */
const WORK_MS = 2500;

interface Told {
  readonly imports: string[];
  readonly splits: string[];
  /** Films that the window saw counted. */
  films: number;
}

/** Imports until the server is gone. */
async function importFilms({ client }: RunningServer, source: ImportSource, told: Told): Promise<void> {
  const { importId } = await client.library.import(source);
  told.imports.push(importId);
  for await (const { progress } of await client.library.watchImport({ importId }))
    if (progress.phase === 'Reading films') told.films = progress.done;
}

/** Saves one split after another until the server is gone. */
async function saveSplits({ client }: RunningServer, told: Told): Promise<void> {
  for (let made = 0; ; made += 1) {
    const split = await client.library.createSplit(splitRequest.parse({ name: `Split ${made}`, seed: made }));
    told.splits.push(split.id);
  }
}

it(`keeps what a window was told, in ${KILLS} kills`, { timeout: 60_000 + KILLS * 30_000 }, async () => {
  const random = chance();
  const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
  const films = importSource.parse({ paths: [source.dir], labels: source.labels });
  let dir = '';
  let splits = 0;
  let midway = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Every second library has its films already: then the kills fall into saving.
    if (kill % 2 === 0) dir = join(tempFolder(), 'library');
    else {
      const { library } = await tempLibrary({ dir });
      await importAll(library, films);
      await library.close();
    }
    const server = await startServer(dir);
    const told: Told = { imports: [], splits: [], films: 0 };
    const work = kill % 2 === 0 ? importFilms(server, films, told) : saveSplits(server, told);
    const working = work.catch(() => undefined); // the server goes away under it
    await wait(random() * WORK_MS);
    expect(await server.end('SIGKILL')).toBeNull();
    await working;

    const { library } = await tempLibrary({ dir });
    expect(library.files.readOnly).toBe(false);
    expect(library.store.restored).toBeNull();
    expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
    const { store } = library;
    for (const id of told.imports) expect(store.imports.find(id as ImportId)).not.toBeNull();
    for (const id of told.splits) {
      const { train, validation, test } = store.splits.parts(id as SplitId);
      expect(train.films + validation.films + test.films).toBe(FILMS);
    }
    const kept = store.films.totals().films;
    expect(kept).toBeGreaterThanOrEqual(told.films);
    splits += told.splits.length;
    midway += Number(kept > 0 && kept < FILMS);
    await library.close();
  }
  expect(splits + midway).toBeGreaterThan(0); // else nothing was cut off, and nothing was tested
});
