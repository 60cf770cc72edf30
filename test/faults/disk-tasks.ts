/** @file What is done on a disk that fails, and how it is judged afterwards: the old or the new state, and whole. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { writeFileAtomic } from '../../main/files/atomic-write.ts';
import { openLibraryFiles } from '../../main/files/library-files.ts';
import { readReport, writeReport } from '../../main/services/evaluation/report/write-report.ts';
import { mergePackage } from '../../main/services/exchange/package/package-service.ts';
import { openLibrary, type OpenLibrary } from '../../main/services/library/open-library.ts';
import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import type { Log } from '../../main/services/service-types.ts';
import { listBackups } from '../../main/store/backup.ts';
import { openStore } from '../../main/store/store.ts';
import { importSource, type ImportEvent } from '../../shared/contract/library.ts';
import type { ImportId } from '../../shared/domain/ids.ts';
import { isMerged, packRound, type PackedRound } from '../helpers/packed-round.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';

export interface DiskTask {
  /** Makes the state before; `dir` is there and empty. */
  prepare(dir: string): Promise<void> | void;
  /** What the disk fails in. @throws whatever the app throws */
  act(dir: string): Promise<void>;
  /** Calls whose failure stops nothing and is only written down. */
  readonly beside?: RegExp;
  /**
   * @param removalsFailed what was to be taken away may have been left
   * @returns which state is there. @throws Error when it is neither
   */
  judge(dir: string, removalsFailed: boolean): Promise<'old' | 'new'>;
}

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const call = { signal: new AbortController().signal };

function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

const atomicWrite: DiskTask = {
  prepare: (dir) => writeFileSync(join(dir, 'file'), 'old'),
  act: (dir) => writeFileAtomic(join(dir, 'file'), Buffer.from('new')),
  judge(dir, removalsFailed) {
    const text = readFileSync(join(dir, 'file'), 'utf8');
    must(text === 'old' || text === 'new', `the file holds "${text}"`);
    must(readdirSync(dir).length === 1 || removalsFailed, 'something was left over');
    return Promise.resolve(text);
  },
};

async function importInto(dir: string, films: string): Promise<ImportEvent> {
  const library = await openLibrary(join(dir, 'library'), {
    workerHost: createNodeWorkerHost(),
    clock: Date,
    log: quiet,
    pool: { size: 1 },
  });
  try {
    const { importId } = await library.service.import(importSource.parse({ paths: [films] }), call);
    let last: ImportEvent | null = null;
    for await (const event of library.imports.watch(importId as ImportId, call.signal)) last = event;
    must(last !== null, 'the import told nothing');
    return last;
  } finally {
    await library.close();
  }
}

function filmFolder(dir: string, name: string): string {
  const films = join(dir, `films-${name}`);
  mkdirSync(films);
  const seed = name === 'old' ? 1 : 2;
  writeFileSync(join(films, `${name}.dcm`), tinyDicom({ pixel: pattern(seed) }));
  return films;
}

/** Films of a library that must be sound. */
async function soundFilms(dir: string): Promise<number> {
  const library = await openLibrary(dir, { workerHost: createNodeWorkerHost(), clock: Date, log: quiet });
  try {
    must(!library.files.readOnly, 'the lock was left behind');
    must(library.store.restored === null, 'the database was damaged');
    const { problems } = await verifyLibrary(library.store, library.files);
    must(problems.length === 0, problems.map(({ message }) => message).join(' '));
    return library.store.films.totals().films;
  } finally {
    await library.close();
  }
}

/** A library with one film that is made once and copied for every try. */
let template: string | null = null;

const importFilm: DiskTask = {
  async prepare(dir) {
    if (template === null) {
      const made = `${dir}-template`;
      mkdirSync(made);
      const { state } = await importInto(made, filmFolder(made, 'old'));
      must(state === 'finished', 'the first film did not go in');
      filmFolder(made, 'new');
      template = made;
    }
    cpSync(template, dir, { recursive: true });
  },
  async act(dir) {
    const { state, error } = await importInto(dir, join(dir, 'films-new'));
    if (state === 'finished') return;
    throw Object.assign(new Error(error?.message ?? `the import is ${state}`), { code: error?.code });
  },
  async judge(dir) {
    const films = await soundFilms(join(dir, 'library'));
    must(films === 1 || films === 2, `${films} films are in`);
    const { summary } = await importInto(dir, join(dir, 'films-new'));
    must(summary?.imported === 2 - films, 'importing again did not go on');
    must((await soundFilms(join(dir, 'library'))) === 2, 'the film is not in after importing again');
    return films === 1 ? 'old' : 'new';
  },
};

const newLibrary: DiskTask = {
  prepare: () => undefined,
  async act(dir) {
    const library = await openLibrary(join(dir, 'library'), {
      workerHost: createNodeWorkerHost(),
      clock: Date,
      log: quiet,
    });
    await library.close();
  },
  async judge(dir) {
    const wasThere = existsSync(join(dir, 'library', 'library.db'));
    must((await soundFilms(join(dir, 'library'))) === 0, 'a new library is empty');
    return wasThere ? 'new' : 'old';
  },
};

const DAY_MS = 24 * 60 * 60 * 1000;
const START = 1_700_000_000_000;
const storeAt = (dir: string, now: number) =>
  openStore(join(dir, 'library.db'), { clock: { now: () => now } });

/** A database with a copy of it, and something that came after the copy. */
function prepareCopied(dir: string): void {
  const store = storeAt(dir, START);
  store.settings.set('early', 'x'.repeat(20_000));
  store.copies.makeIfDue();
  store.settings.set('late', 1);
  store.close();
}

const backUp: DiskTask = {
  prepare: prepareCopied,
  act(dir) {
    const store = storeAt(dir, START + DAY_MS);
    try {
      store.copies.makeIfDue();
    } finally {
      store.close();
    }
    return Promise.resolve();
  },
  judge(dir) {
    const file = join(dir, 'library.db');
    const copies = listBackups(file);
    for (const { path } of copies) {
      const copy = openStore(path, { clock: Date, readOnly: true });
      must(copy.check().length === 0, 'a copy is damaged');
      must(copy.settings.get('early') !== undefined, 'a copy is empty');
      copy.close();
    }
    const store = storeAt(dir, START + 1);
    must(store.settings.get('late') === 1 && store.restored === null, 'the database itself suffered');
    store.close();
    must(copies.length === 1 || copies.length === 2, `${copies.length} copies`);
    return Promise.resolve(copies.length === 1 ? 'old' : 'new');
  },
};

/** A damaged database is opened: its copy takes its place. */
const takeCopy: DiskTask = {
  prepare(dir) {
    prepareCopied(dir);
    truncateSync(join(dir, 'library.db'), 8192);
  },
  act(dir) {
    storeAt(dir, START + 1).close();
    return Promise.resolve();
  },
  judge(dir) {
    const store = storeAt(dir, START + 2);
    must(store.settings.get('early') !== undefined, 'a new, empty database stands in for the damaged one');
    must(store.check().length === 0, 'the database is damaged');
    store.close();
    const names = readdirSync(dir);
    must(
      names.some((name) => name.includes('.damaged-') && !name.includes('wal')),
      'the damaged file is gone',
    );
    return Promise.resolve(store.restored === null ? 'new' : 'old');
  },
};

const report: DiskTask = {
  async prepare(dir) {
    const files = await openLibraryFiles(join(dir, 'library'), { clock: Date });
    await writeReport(files, 'old');
    files.close();
  },
  async act(dir) {
    const files = await openLibraryFiles(join(dir, 'library'), { clock: Date });
    try {
      await writeReport(files, 'new');
    } finally {
      files.close();
    }
  },
  async judge(dir) {
    const files = await openLibraryFiles(join(dir, 'library'), { clock: Date });
    try {
      must(!files.readOnly, 'the lock was left behind');
      const names = readdirSync(files.reportsDir).sort();
      for (const name of names) await readReport(files, name.slice(0, 64));
      must(names.length === 1 || names.length === 2, `${names.length} reports`);
      return names.length === 1 ? 'old' : 'new';
    } finally {
      files.close();
    }
  },
};

/** Packed once; merged into a copy of an empty library in every try. */
let round: { readonly dir: string; readonly packed: PackedRound } | null = null;

/** Open between the act and its judgement: the copy that closing makes is another task. */
let merging: OpenLibrary | null = null;

async function mergeRound(dir: string, packed: PackedRound): Promise<number> {
  merging = await openLibrary(join(dir, 'library'), {
    workerHost: createNodeWorkerHost(),
    clock: Date,
    log: quiet,
    pool: { size: 1 },
  });
  const asked = { passphrase: null, trust: packed.fingerprint, now: 1 };
  return (await mergePackage(merging, packed.path, asked)).versionsAdded;
}

async function closeMerged(): Promise<void> {
  await merging?.close();
  merging = null;
}

const mergeSession: DiskTask = {
  // the copy of the database that the library makes after an import
  beside: /library\.db\.copy-|^fsync \/library$/,
  async prepare(dir) {
    if (round === null) {
      const made = `${dir}-round`;
      mkdirSync(made);
      const packed = await packRound(made, 2, 3);
      await (
        await openLibrary(join(made, 'library'), {
          workerHost: createNodeWorkerHost(),
          clock: Date,
          log: quiet,
        })
      ).close();
      round = { dir: made, packed };
    }
    cpSync(join(round.dir, 'library'), join(dir, 'library'), { recursive: true });
  },
  async act(dir) {
    must(round !== null, 'it was packed before');
    await mergeRound(dir, round.packed);
  },
  async judge(dir) {
    must(round !== null, 'it was packed before');
    const { packed } = round;
    await closeMerged();
    const stands = async (): Promise<boolean> => {
      await soundFilms(join(dir, 'library'));
      const library = await openLibrary(join(dir, 'library'), {
        workerHost: createNodeWorkerHost(),
        clock: Date,
        log: quiet,
      });
      try {
        return isMerged(library, packed);
      } finally {
        await library.close();
      }
    };
    const merged = await stands();
    const added = await mergeRound(dir, packed);
    await closeMerged();
    must(added === (merged ? 0 : packed.versions), `merging again added ${added} versions`);
    must(await stands(), 'merging again did not complete it');
    return merged ? 'new' : 'old';
  },
};

export const DISK_TASKS = {
  'atomic write': atomicWrite,
  'import of a film': importFilm,
  'merge of a session package': mergeSession,
  'new library': newLibrary,
  'copy of the database': backUp,
  'copy in the place of a damaged database': takeCopy,
  report,
} as const satisfies Readonly<Record<string, DiskTask>>;
