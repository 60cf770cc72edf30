/** @file The work of one import: gather, match labels, read films in processes of their own, write them one by one, count. */
import { basename } from 'node:path';

import type { ImportSummary } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { Clock } from '../service-types.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { Store } from '../../store/store.ts';
import type { PreparedFilm } from './decode-messages.ts';
import { DecodeFailure, type DecodePool } from './decode-pool.ts';
import { createFilmWriter, type FilmWriter } from './film-writer.ts';
import { gatherFiles, type FoundFile } from './gather-files.ts';
import type { ImportPlan } from './import-plan.ts';
import type { ImportSession } from './import-session.ts';
import { createImportTally, type ImportTally } from './import-tally.ts';
import { matchLabels, stemOf } from './label-index.ts';
import type { FilmLabels } from './label-plan.ts';
import { counted, listNames } from './wording.ts';

export interface ImportJobDeps {
  readonly store: Store;
  readonly files: LibraryFiles;
  readonly pool: DecodePool;
  readonly clock: Clock;
}

/** Model image, thumbnail and rows of one film, bytes. */
const MADE_BYTES_PER_FILM = 90_000;

export interface JobOutcome {
  readonly summary: ImportSummary;
  /** What stopped it; null = it went to its end or was cancelled. */
  readonly stoppedBy: unknown;
}

/** Runs to the end, to the cancellation or to the first failure that concerns the library; what is in stays in. */
export async function runImport(
  deps: ImportJobDeps,
  plan: ImportPlan,
  session: ImportSession,
): Promise<JobOutcome> {
  const tally = createImportTally(deps.store.labels, plan.isVindr);
  plan.warnings.forEach((warning) => tally.warn(warning));
  let stoppedBy: unknown = null;
  try {
    await importAll(deps, plan, session, tally);
  } catch (error) {
    stoppedBy = error;
  }
  return { summary: await tally.summary(), stoppedBy };
}

async function importAll(
  deps: ImportJobDeps,
  plan: ImportPlan,
  session: ImportSession,
  tally: ImportTally,
): Promise<void> {
  const { signal } = session.abort;
  const gathered = await gatherFiles(plan.roots, {
    except: plan.except,
    signal,
    vault: deps.files.vault,
    onFound: (count) => session.report('Looking for films', count, null),
  });
  if (signal.aborted) return;
  const records = plan.records ?? [];
  const match = matchLabels(
    records.filter(({ filmId }) => filmId === undefined),
    gathered.files.map(({ path }) => path),
  );
  const films = plan.namedOnly ? gathered.files.filter(({ path }) => match.byFile.has(path)) : gathered.files;
  if (!plan.namedOnly) gathered.skipped.forEach((file) => tally.skip(file));
  await refuseWithoutSpace(deps, films);

  const writer = createFilmWriter(deps.store, deps.files, deps.clock, session.id);
  await importFilms(deps, films, match.byFile, session, writer, tally);
  if (signal.aborted || plan.records === null) return;
  const byId = records.filter(({ filmId }) => filmId !== undefined);
  relabelKnown(deps.store, [...match.unmatched, ...byId], writer, tally);
  if (match.ambiguous > 0) {
    tally.warn(
      `It is unclear which file is meant by ${counted(match.ambiguous, 'label row')}: several files fit one row, or several rows one` +
        ' file. Those films are in without labels.',
    );
  }
  if (byId.length > 0) return;
  const unlabelled = films.filter(({ path }) => !match.byFile.has(path));
  if (unlabelled.length > 0) {
    const names = listNames(unlabelled.map(({ shown }) => shown));
    tally.warn(`Films without a row in the labels file, their labels are unknown ${names}.`);
  }
}

/** Films that are here already (an import that goes on) need no new space. */
async function refuseWithoutSpace(
  { store, files }: ImportJobDeps,
  films: readonly FoundFile[],
): Promise<void> {
  const known = new Set(store.films.names().map(({ name }) => name));
  const fresh = films.filter(({ path }) => !known.has(basename(path)));
  await files.ensureSpace(fresh.reduce((sum, { bytes }) => sum + bytes + MADE_BYTES_PER_FILM, 0));
}

type Reading = Promise<PreparedFilm | DecodeFailure>;

/** Films are read ahead; they are written in the files' order, so that the same folder gives the same library. */
async function importFilms(
  { pool, files }: ImportJobDeps,
  films: readonly FoundFile[],
  labelsOf: ReadonlyMap<string, FilmLabels>,
  session: ImportSession,
  writer: FilmWriter,
  tally: ImportTally,
): Promise<void> {
  const { signal } = session.abort;
  const given = new Map<string, FilmLabels>();
  const ahead: Reading[] = [];
  let next = 0;
  let differing = 0;
  session.report('Reading films', 0, films.length);
  for (const [index, file] of films.entries()) {
    while (next < films.length && ahead.length < pool.size + 1) ahead.push(read(pool, films[next++]));
    const film = await ahead.shift();
    if (signal.aborted || film === undefined) break;
    if (film instanceof DecodeFailure) {
      tally.skip({ file: file.shown, code: film.code, message: film.message });
    } else {
      await files.ensureSpace(film.original.byteLength);
      const labels = labelsOf.get(file.path) ?? null;
      const first = given.get(film.pixelSha256);
      if (first !== undefined && labels !== null && first !== labels) differing += 1;
      const written = await writer.write(basename(file.path), film, first === undefined ? labels : null);
      if (labels !== null && first === undefined) given.set(film.pixelSha256, labels);
      tally.count(file.shown, film, written);
    }
    session.report('Reading films', index + 1, films.length);
  }
  await Promise.all(ahead);
  if (differing > 0) {
    tally.warn(
      `The same pixels came again with another label row in ${counted(differing, 'file')}; the first row was kept.`,
    );
  }
}

function read(pool: DecodePool, file: FoundFile | undefined): Reading {
  if (file === undefined) return Promise.resolve(new DecodeFailure('CLOSED', 'There is no such file.'));
  return pool
    .decode({ kind: 'prepare', path: file.path, name: basename(file.path) })
    .catch((error: unknown) => {
      if (error instanceof DecodeFailure) return error;
      throw error;
    });
}

/** Label rows without a file may be about films that are here already: a new labels file for an old library. */
function relabelKnown(
  store: Store,
  records: readonly FilmLabels[],
  writer: FilmWriter,
  tally: ImportTally,
): void {
  if (records.length === 0) return;
  const known = new Map<string, FilmId[]>();
  for (const { id, name } of store.films.names()) {
    const stem = stemOf(name);
    known.set(stem, [...(known.get(stem) ?? []), id]);
  }
  const missing: string[] = [];
  for (const record of records) {
    const named = known.get(stemOf(record.file)) ?? [];
    const [id, ...others] = record.filmId === undefined ? named : [record.filmId];
    const film = id === undefined || others.length > 0 ? null : store.films.find(id);
    if (film === null) missing.push(record.file);
    else tally.count(record.file, null, writer.relabel(film, record));
  }
  if (missing.length > 0) tally.warn(`Label rows that name a film which is not there ${listNames(missing)}.`);
}
