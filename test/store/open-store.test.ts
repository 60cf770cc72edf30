/** @file Opening a library's database: migrations, versions, backups, damage, durability settings. */
import Database from 'better-sqlite3';
import { chmodSync, copyFileSync, cpSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, it } from 'vitest';

import { APPLICATION_ID } from '../../main/store/connection.ts';
import { readMigrations } from '../../main/store/migrate.ts';
import { MIGRATIONS_DIR, openStore } from '../../main/store/store.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const clock = testClock();

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
  return 'no error';
}

/** The real migrations and one that follows them. */
function withLaterMigration(sql: string): { readonly dir: URL; readonly version: number } {
  const folder = join(tempFolder(), 'migrations');
  cpSync(MIGRATIONS_DIR, folder, { recursive: true });
  const version = readMigrations(MIGRATIONS_DIR).length + 1;
  writeFileSync(join(folder, `${String(version).padStart(4, '0')}-later.sql`), sql);
  return { dir: pathToFileURL(`${folder}/`), version };
}

describe('a new library', () => {
  it('gets the newest layout, our mark and the durability settings', () => {
    const file = join(tempFolder(), 'library.db');
    const store = openStore(file, { clock });
    expect(store.version).toBe(readMigrations(MIGRATIONS_DIR).length);
    expect(store.check()).toEqual([]);
    store.close();
    const db = new Database(file, { readonly: true });
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
  });

  it('has only STRICT tables', () => {
    const file = join(tempFolder(), 'library.db');
    openStore(file, { clock }).close();
    const db = new Database(file, { readonly: true });
    const loose = db
      .prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    db.close();
    expect(loose).toEqual([]);
  });
});

describe('versions', () => {
  it('refuses a library of a newer app and leaves it alone', () => {
    const file = join(tempFolder(), 'library.db');
    openStore(file, { clock }).close();
    const db = new Database(file);
    db.pragma('user_version = 999');
    db.close();
    expect(codeOf(() => openStore(file, { clock }))).toBe('NEWER_LIBRARY');
    const after = new Database(file, { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(999);
    after.close();
  });

  it('copies an older library before it brings it up to date', () => {
    const folder = tempFolder();
    const file = join(folder, 'library.db');
    const old = openStore(file, { clock });
    old.transaction(() => old.settings.set('colour', 'blue'));
    old.close();
    const later = withLaterMigration('CREATE TABLE later (x INTEGER) STRICT;');
    const store = openStore(file, { clock, migrationsDir: later.dir });
    expect(store.version).toBe(later.version);
    expect(store.settings.get('colour')).toBe('blue');
    store.close();
    const backup = store.backup ?? '';
    expect(existsSync(backup)).toBe(true);
    const copy = openStore(backup, { clock });
    expect(copy.version).toBe(later.version - 1);
    expect(copy.settings.get('colour')).toBe('blue');
    copy.close();
  });

  it('undoes a migration that fails half way', () => {
    const file = join(tempFolder(), 'library.db');
    openStore(file, { clock }).close();
    const later = withLaterMigration(
      'CREATE TABLE later (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);',
    );
    expect(() => openStore(file, { clock, migrationsDir: later.dir })).toThrow(/nowhere/);
    const store = openStore(file, { clock });
    expect(store.version).toBe(later.version - 1);
    store.close();
    const db = new Database(file, { readonly: true });
    expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'later'").get()).toEqual({
      n: 0,
    });
    db.close();
  });

  it('does not migrate when it may only read', () => {
    const file = join(tempFolder(), 'library.db');
    openStore(file, { clock }).close();
    const later = withLaterMigration('CREATE TABLE later (x INTEGER) STRICT;');
    expect(codeOf(() => openStore(file, { clock, migrationsDir: later.dir, readOnly: true }))).toBe(
      'READ_ONLY',
    );
  });

  it('refuses migrations that leave out a number', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, '0002-late.sql'), 'SELECT 1;');
    expect(() => readMigrations(pathToFileURL(`${folder}/`))).toThrow(/missing/);
  });
});

describe('files that are not a sound library', () => {
  it('refuses another program’s database', () => {
    const file = join(tempFolder(), 'library.db');
    const db = new Database(file);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    expect(codeOf(() => openStore(file, { clock }))).toBe('CORRUPT_LIBRARY');
  });

  it('refuses a file that is no database', () => {
    const file = join(tempFolder(), 'library.db');
    writeFileSync(file, 'x'.repeat(5000));
    expect(codeOf(() => openStore(file, { clock }))).toBe('CORRUPT_LIBRARY');
  });

  it('starts over with a file of no bytes, which a crash at the first start leaves', () => {
    const file = join(tempFolder(), 'library.db');
    writeFileSync(file, '');
    const store = openStore(file, { clock });
    expect(store.version).toBeGreaterThan(0);
    store.close();
  });

  it('says so when the last session was cut off, and keeps what was committed', () => {
    const folder = tempFolder();
    const file = join(folder, 'library.db');
    const running = openStore(file, { clock });
    running.transaction(() => running.settings.set('kept', true));
    const copy = join(folder, 'after-crash.db');
    for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
    running.close();
    const store = openStore(copy, { clock });
    expect(store.wasUnclean).toBe(true);
    expect(store.settings.get('kept')).toBe(true);
    store.close();
    const again = openStore(copy, { clock });
    expect(again.wasUnclean).toBe(false);
    again.close();
  });

  it('refuses to read from a folder without a library', () => {
    const folder = tempFolder();
    expect(codeOf(() => openStore(join(folder, 'library.db'), { clock, readOnly: true }))).toBe('NOT_FOUND');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('transactions', () => {
  it('stores all or nothing', () => {
    const store = openStore(':memory:', { clock });
    expect(() =>
      store.transaction(() => {
        store.settings.set('a', 1);
        store.transaction(() => store.settings.set('b', 2));
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect([store.settings.get('a'), store.settings.get('b')]).toEqual([undefined, undefined]);
    store.close();
  });

  it('says READ_ONLY when a read-only library is written', () => {
    const file = join(tempFolder(), 'library.db');
    openStore(file, { clock }).close();
    const store = openStore(file, { clock, readOnly: true });
    expect(codeOf(() => store.transaction(() => store.settings.set('a', 1)))).toBe('READ_ONLY');
    store.close();
  });
});

describe.skipIf(process.platform === 'win32')('the database', () => {
  it('is its account’s alone, with its log and copies, also one that was made otherwise', () => {
    const folder = tempFolder();
    const file = join(folder, 'library.db');
    const modes = (): string[] =>
      readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
    const store = openStore(file, { clock });
    store.settings.set('a', 1);
    store.copies.make();
    // the database, its log with index, the copy with the list of its files
    expect(modes()).toEqual(Array<string>(5).fill('600'));
    store.close();
    chmodSync(file, 0o644);
    openStore(file, { clock, readOnly: true }).close();
    expect(statSync(file).mode & 0o777).toBe(0o644);
    openStore(file, { clock }).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('events', () => {
  it('are numbered over the whole library and are never renumbered', () => {
    const store = openStore(':memory:', { clock });
    const first = store.events.append('run', 'run-1', { state: 'queued' }, 5);
    const second = store.events.append('study', 'study-1', {}, 6);
    expect(second).toBe(first + 1);
    expect(store.events.after('run', 0)).toEqual([
      { seq: first, at: 5, topic: 'run', subject: 'run-1', payload: { state: 'queued' } },
    ]);
    store.events.prune('run', first);
    store.events.prune('study', second);
    expect(store.events.append('run', 'run-1', {}, 7)).toBe(second + 1);
    store.close();
  });
});
