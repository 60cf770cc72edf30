/**
 * @file Copies of the database inside the library's folder: one a day at most, the last three kept. When the database turns
 * out to be damaged, the newest sound copy takes its place and the damaged file is kept beside it.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import Database from 'better-sqlite3';

import { APPLICATION_ID, checkDatabase, type Db } from './connection.ts';

export interface Backup {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What took the place of a damaged database. */
export interface Restored {
  /** When the copy in use was made. */
  readonly at: number;
  /** Path of the damaged file, kept. */
  readonly damaged: string;
}

const KEPT = 3;
export const BACKUP_EVERY_MS = 24 * 60 * 60 * 1000;

/** Newest first. */
export function listBackups(file: string): readonly Backup[] {
  const prefix = `${basename(file)}.copy-`;
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => ({ path: join(dirname(file), name), at: Number(name.slice(prefix.length)) }))
    .sort((a, b) => b.at - a.at);
}

/** True when the newest copy is a day old, or comes from the future (a clock that was set back), or there is none. */
export function isBackupDue(file: string, now: number): boolean {
  const [newest] = listBackups(file);
  return newest === undefined || now - newest.at >= BACKUP_EVERY_MS || newest.at > now;
}

/** Copies the open database as it is now. Complete under its name, or absent. */
export function makeBackup(db: Db, file: string, now: number): void {
  copyInto(db, `${file}.copy-${now}`);
  for (const { path } of listBackups(file).slice(KEPT)) rmSync(path, { force: true });
}

/** A compact copy of the open database at `target`, on the disk when this returns. */
export function copyInto(db: Db, target: string): void {
  const draft = `${target}.tmp`;
  try {
    rmSync(draft, { force: true });
    db.prepare('VACUUM INTO ?').run(draft);
    sync(draft);
    renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Puts the newest sound copy in the place of a damaged database. Null when there is none; then nothing was changed. */
export function restoreBackup(file: string, now: number): Restored | null {
  const sound = listBackups(file).find(({ path }) => isSound(path));
  if (sound === undefined) return null;
  const draft = `${file}.restored.tmp`;
  copyFileSync(sound.path, draft);
  sync(draft);
  const damaged = `${file}.damaged-${now}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${damaged}${suffix}`);
  }
  renameSync(draft, file);
  return { at: sound.at, damaged };
}

function isSound(path: string): boolean {
  let db: Db | null = null;
  try {
    db = new Database(path, { readonly: true });
    return (
      db.pragma('application_id', { simple: true }) === APPLICATION_ID &&
      checkDatabase(db, 'quick_check').length === 0
    );
  } catch (error) {
    if (error instanceof Database.SqliteError) return false;
    throw error;
  } finally {
    db?.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
