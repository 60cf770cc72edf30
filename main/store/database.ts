/**
 * @file Opens the library's SQLite file: checks that it is ours and not newer, migrates, sets the durability pragmas.
 * Called by store.ts only; nothing outside main/store sees a database handle.
 */
import { existsSync, statSync } from 'node:fs';

import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { copyInto, removeOlder } from './backup.ts';
import { APPLICATION_ID, checkDatabase, type Db } from './connection.ts';
import { openHandle, type DatabaseKey } from './driver.ts';
import { migrate, newestVersion, readMigrations, type Migration } from './migrate.ts';
import { finishRestoring, goBack, restoreBackup, type Restored } from './restore.ts';
import { translateSqliteError } from './sqlite-error.ts';
import { leftOverLog } from './write-ahead-log.ts';

export interface OpenDatabaseOptions {
  readonly readOnly: boolean;
  readonly migrationsDir: URL;
  readonly now: () => number;
  /** Id of a copy that a person goes back to; null = the database as it is. */
  readonly goBackTo?: string | null;
  /** 32 bytes; null or absent = the database is not encrypted. */
  readonly key?: DatabaseKey;
}

/** What a person should be told about how the database was found. */
export interface OpenedDatabase {
  readonly db: Db;
  /** The last session ended without closing the library. */
  readonly wasUnclean: boolean;
  /** It ended in the middle of a write, or the end of its log is missing: what was stored last may be gone. */
  readonly wasCutOff: boolean;
  /** Copy of the file as it was before its layout was brought up to date; null = nothing to do. */
  readonly backup: string | null;
  /** A copy took the place of the database, which was damaged or which a person left; null = it is as it was. */
  readonly restored: Restored | null;
}

/**
 * @param file path of library.db, or ':memory:'
 * @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, READ_ONLY, NOT_FOUND
 */
export function openDatabase(file: string, options: OpenDatabaseOptions): OpenedDatabase {
  const cutOff = options.readOnly || file === ':memory:' ? null : translated(() => finishRestoring(file));
  const opened = openOrRestore(file, options);
  const { goBackTo = null } = options;
  if (goBackTo === null) return { ...opened, restored: opened.restored ?? cutOff };
  try {
    const restored = translated(() => goBack(opened.db, file, goBackTo, options.now(), options.key ?? null));
    return { ...openSound(file, options), restored };
  } finally {
    opened.db.close();
  }
}

/** A damaged database is replaced by its newest sound copy. */
function openOrRestore(file: string, options: OpenDatabaseOptions): OpenedDatabase {
  try {
    return { ...openSound(file, options), restored: null };
  } catch (error) {
    const isDamaged = error instanceof ServiceError && error.code === 'CORRUPT_LIBRARY';
    const restored =
      isDamaged && !options.readOnly
        ? translated(() => restoreBackup(file, options.now(), options.key ?? null))
        : null;
    if (restored === null) throw error;
    return { ...openSound(file, options), restored };
  }
}

/** @throws ServiceError where a failure of SQLite or of the disk can be expected */
function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translateDiskError(translateSqliteError(error));
  }
}

function openSound(file: string, options: OpenDatabaseOptions): Omit<OpenedDatabase, 'restored'> {
  const migrations = readMigrations(options.migrationsDir);
  const isNew = file === ':memory:' || !existsSync(file) || statSync(file).size === 0;
  if (isNew && options.readOnly) {
    throw new ServiceError('NOT_FOUND', 'There is no library in this folder yet, and it is open read-only.', {
      file,
    });
  }
  // A reader sees the writer’s log.
  const log = isNew || options.readOnly ? { isThere: false, isCutOff: false } : leftOverLog(file);
  let db: Db | null = null;
  try {
    db = openHandle(file, { readonly: options.readOnly, timeout: 5000 }, options.key ?? null);
    if (!isNew) checkIdentity(db, file);
    const version = userVersion(db);
    refuseNewer(version, migrations, file);
    if (!options.readOnly) db.pragma('journal_mode = WAL');
    setPragmas(db, options.readOnly);
    if (log.isThere) quickCheck(db, file);
    const backup = bringUpToDate(db, file, version, migrations, options, isNew);
    return { db, wasUnclean: log.isThere, wasCutOff: log.isCutOff, backup };
  } catch (error) {
    db?.close();
    throw translateDiskError(translateSqliteError(error));
  }
}

function checkIdentity(db: Db, file: string): void {
  const id = db.pragma('application_id', { simple: true });
  if (id === APPLICATION_ID) return;
  const tables = db.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0;
  if (id === 0 && tables === 0) return; // cut off before the first migration was committed
  throw new ServiceError(
    'CORRUPT_LIBRARY',
    'The file library.db in this folder is not a Chestlight library. Nothing was changed; choose another folder.',
    { file, applicationId: id },
  );
}

export function userVersion(db: Db): number {
  return Number(db.pragma('user_version', { simple: true }));
}

function refuseNewer(version: number, migrations: readonly Migration[], file: string): void {
  const newest = newestVersion(migrations);
  if (version <= newest) return;
  throw new ServiceError(
    'NEWER_LIBRARY',
    'This library was made by a newer version of Chestlight. Nothing was changed; update the app to open it.',
    { file, libraryVersion: version, appVersion: newest },
  );
}

/**
 * Pages of the database that may stay in memory, as far as they are read: a filter goes through those of all films, and one that is
 * not there is read again, and in an encrypted library deciphered again. 50,000 films have 60 MB of them.
 */
const CACHE_KIB = 128 * 1024;

function setPragmas(db: Db, readOnly: boolean): void {
  if (!readOnly) db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('busy_timeout = 5000');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  if (!readOnly) db.pragma('secure_delete = ON');
  db.pragma('temp_store = MEMORY'); // labels and names never reach a temporary file
}

function quickCheck(db: Db, file: string): void {
  const problems = checkDatabase(db, 'quick_check');
  if (problems.length === 0) return;
  throw new ServiceError(
    'CORRUPT_LIBRARY',
    'The library was not closed properly and its database is damaged. Nothing was changed.' +
      ' Restore the folder from a copy, or make a new library and import the films again.',
    { file, problems: problems.slice(0, 20) },
  );
}

function bringUpToDate(
  db: Db,
  file: string,
  version: number,
  migrations: readonly Migration[],
  options: OpenDatabaseOptions,
  isNew: boolean,
): string | null {
  if (version === newestVersion(migrations)) return null;
  if (options.readOnly) {
    throw new ServiceError(
      'READ_ONLY',
      'This library was made by an older version of Chestlight. Open it once in the app, or with the verb "verify", which brings it up to date and keeps a copy; then try again. Nothing was changed.',
      { file, libraryVersion: version },
    );
  }
  let backup: string | null = null;
  if (!isNew && version > 0) {
    backup = `${file}.before-v${newestVersion(migrations)}-${options.now()}`;
    copyInto(db, backup);
    removeOlder(file, 'updated', backup, options.now());
  }
  migrate(db, migrations, APPLICATION_ID);
  return backup;
}
