/**
 * @file The app's server is killed at random points while a window imports films, makes splits and annotates: the database is sound,
 * every acknowledged annotation is there, the lock is free. CHESTLIGHT_KILLS=200 for the long version.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { filmQuery, importSource, splitRequest, type ImportSource } from '../../shared/contract/library.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { FilmId, ImportId, ReaderId, ReadingId, ReviewId, SplitId } from '../../shared/domain/ids.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';
import { numberedFilms } from './numbered-films.ts';
import { startServer, type RunningServer } from './server-process.ts';

const KILLS = killsOr(3);
const FILMS = 30;
/** Longest time from the first acknowledgement to the kill, ms. */
const WORK_MS = 1500;

/** Between two requests, ms: who floods the server is cut off by it (LOOPBACK_LIMITS), which a fast disk comes to in a second. */
const PACE_MS = 6;

const PIN = '204170';

interface Annotation {
  readonly reviewId: ReviewId;
  readonly readerId: ReaderId;
  readonly filmId: FilmId;
  readonly number: number;
  readonly note: string;
}

interface Told {
  readonly imports: string[];
  readonly splits: string[];
  readonly annotations: Annotation[];
  /** Films that the window saw counted. */
  films: number;
  /** The first acknowledgement has come. */
  readonly begun: PromiseWithResolvers<undefined>;
}

/** Imports until the server is gone. */
async function importFilms({ client }: RunningServer, source: ImportSource, told: Told): Promise<void> {
  const { importId } = await client.library.import(source);
  told.imports.push(importId);
  told.begun.resolve(undefined);
  for await (const { progress } of await client.library.watchImport({ importId }))
    if (progress.phase === 'Reading films') told.films = progress.done;
}

/** Saves one split after another until the server is gone. */
async function saveSplits({ client }: RunningServer, told: Told): Promise<void> {
  for (let made = 0; ; made += 1) {
    const split = await client.library.createSplit(splitRequest.parse({ name: `Split ${made}`, seed: made }));
    told.splits.push(split.id);
    told.begun.resolve(undefined);
    await wait(PACE_MS);
  }
}

/** Signs in, sets up a session, and saves one version after another until the server is gone. */
async function annotate({ client }: RunningServer, told: Told): Promise<void> {
  const { readers } = await client.readers.list({});
  const known = readers[0]?.id;
  const { token, reader } = await (known === undefined
    ? client.readers.firstOwner({ name: 'Olga', pin: PIN })
    : client.readers.signIn({ readerId: known, pin: PIN }));
  const { rows } = await client.library.films(filmQuery.parse({ limit: 20 }));
  const films = rows.map(({ id }) => id);
  const plan = reviewPlan.parse({
    findings: ['Edema'],
    questions: [],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
  });
  const asked = { token, name: 'Round', plan, readers: [reader.id], films };
  const { id: reviewId } = await client.review.create(asked);
  for (let turn = 0; ; turn += 1) {
    const filmId = films[turn % films.length];
    if (filmId === undefined) throw new Error('there are films');
    const note = `turn ${turn}`;
    const content = { answers: {}, marks: [], verdicts: [], note, keyFrames: [], seconds: null };
    const id = `reading-${randomBytes(8).toString('hex')}` as ReadingId;
    const after = Math.floor(turn / films.length);
    const { number } = await client.review.save({ token, reviewId, filmId, id, after, content });
    const place = { reviewId, readerId: reader.id, filmId } as Omit<Annotation, 'number' | 'note'>;
    told.annotations.push({ ...place, number, note });
    told.begun.resolve(undefined);
    await wait(PACE_MS);
  }
}

it(`keeps what a window was told, in ${KILLS} kills`, { timeout: 60_000 + KILLS * 30_000 }, async () => {
  const random = chance();
  const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
  const films = importSource.parse({ paths: [source.dir], labels: source.labels });
  let dir = '';
  const seen = { midway: 0, splits: 0, annotations: 0 };
  for (let kill = 0; kill < KILLS; kill += 1) {
    // In two of three the library has its films already: then the kills fall into saving.
    const phase = kill % 3;
    if (phase === 0) dir = join(tempFolder(), 'library');
    else {
      const { library } = await tempLibrary({ dir });
      await importAll(library, films);
      await library.close();
    }
    const server = await startServer(dir);
    const told: Told = { imports: [], splits: [], annotations: [], films: 0, begun: Promise.withResolvers() };
    const work = [
      () => importFilms(server, films, told),
      () => saveSplits(server, told),
      () => annotate(server, told),
    ][phase];
    let isKilled = false;
    // The server goes away under it; a refusal before that is a fault of the test.
    const working = work?.().catch((error: unknown) => {
      if (!isKilled) throw error;
    });
    await Promise.race([told.begun.promise, working]);
    await wait(random() * WORK_MS);
    isKilled = true;
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
    for (const { reviewId, readerId, filmId, number, note } of told.annotations) {
      const versions = store.reviews.versions(reviewId, readerId, filmId);
      expect(versions.find((version) => version.number === number)?.content.note).toBe(note);
    }
    const kept = store.films.totals().films;
    expect(kept).toBeGreaterThanOrEqual(told.films);
    seen.splits += told.splits.length;
    seen.annotations += told.annotations.length;
    seen.midway += Number(kept > 0 && kept < FILMS);
    await library.close();
  }
  process.stdout.write(`${JSON.stringify(seen)} acknowledged in ${KILLS} kills, 0 lost\n`);
  // Else nothing was cut off, and nothing was tested.
  expect(seen.splits).toBeGreaterThan(0);
  expect(seen.annotations).toBeGreaterThan(0);
});
