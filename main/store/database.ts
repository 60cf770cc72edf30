/**
 * @file Opens the library's SQLite file: checks that it is ours and not newer, migrates, sets the durability pragmas.
 * Called by store.ts only; nothing outside main/store sees a database handle.
 */
import { existsSync, statSync } from 'node:fs';

import Database from 'better-sqlite3';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { copyInto, restoreBackup, type Restored } from './backup.ts';
import { APPLICATION_ID, checkDatabase, type Db } from './connection.ts';
import { migrate, newestVersion, readMigrations, type Migration } from './migrate.ts';
import { translateSqliteError } from './sqlite-error.ts';

export interface OpenDatabaseOptions {
  readonly readOnly: boolean;
  readonly migrationsDir: URL;
  readonly now: () => number;
}

/** What a person should be told about how the database was found. */
export interface OpenedDatabase {
  readonly db: Db;
  /** The last session ended without closing the library. */
  readonly wasUnclean: boolean;
  /** Copy of the file as it was before its layout was brought up to date; null = nothing to do. */
  readonly backup: string | null;
  /** The database was damaged and a copy took its place; null = it was sound. */
  readonly restored: Restored | null;
}

/**
 * @param file path of library.db, or ':memory:'
 * @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, READ_ONLY, NOT_FOUND
 */
export function openDatabase(file: string, options: OpenDatabaseOptions): OpenedDatabase {
  try {
    return { ...openSound(file, options), restored: null };
  } catch (error) {
    const isDamaged = error instanceof ServiceError && error.code === 'CORRUPT_LIBRARY';
    const restored = isDamaged && !options.readOnly ? restoreBackup(file, options.now()) : null;
    if (restored === null) throw error;
    return { ...openSound(file, options), restored };
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
  const wasUnclean = !isNew && !options.readOnly && hasLeftOverLog(file); // a reader sees the writer’s log
  let db: Db | null = null;
  try {
    db = new Database(file, { readonly: options.readOnly, timeout: 5000 });
    if (!isNew) checkIdentity(db, file);
    const version = userVersion(db);
    refuseNewer(version, migrations, file);
    if (!options.readOnly) db.pragma('journal_mode = WAL');
    setPragmas(db, options.readOnly);
    if (wasUnclean) quickCheck(db, file);
    const backup = bringUpToDate(db, file, version, migrations, options, isNew);
    return { db, wasUnclean, backup };
  } catch (error) {
    db?.close();
    throw translateSqliteError(error);
  }
}

/** A clean close removes the write-ahead log; one with content means that the last session was cut off. */
function hasLeftOverLog(file: string): boolean {
  const log = `${file}-wal`;
  return existsSync(log) && statSync(log).size > 0;
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

function setPragmas(db: Db, readOnly: boolean): void {
  if (!readOnly) db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('busy_timeout = 5000');
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
  }
  migrate(db, migrations, APPLICATION_ID);
  return backup;
}
