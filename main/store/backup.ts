/**
 * @file Copies of the database inside the library's folder: one a day at most, one before a person goes back to an older state, one
 * before a new layout; the last three of each are kept. Beside each lies a list of every file that it points at, so that what is missing can be told.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { APPLICATION_ID, checkDatabase, type Db } from './connection.ts';
import { writeFileList } from './copy-files.ts';
import { isSqliteError, openHandle, type DatabaseKey } from './driver.ts';

/** `daily`: made by itself or asked for; `replaced`: the state before a person went back; `updated`: before a new layout. */
export type CopyKind = 'daily' | 'replaced' | 'updated';

export interface Backup {
  /** Name of the copy: what its file's name has after that of the database. */
  readonly id: string;
  readonly kind: CopyKind;
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly bytes: number;
}

const KEPT = 3;
export const BACKUP_EVERY_MS = 24 * 60 * 60 * 1000;

const KINDS: readonly (readonly [CopyKind, RegExp])[] = [
  ['daily', /^copy-(\d+)$/],
  ['replaced', /^replaced-(\d+)$/],
  ['updated', /^before-v\d+-(\d+)$/],
];

/** Path of a copy of the kind `daily` or `replaced`. */
export function copyPath(file: string, kind: 'copy' | 'replaced', now: number): string {
  return `${file}.${kind}-${now}`;
}

/** Newest first. */
export function listBackups(file: string): readonly Backup[] {
  const prefix = `${basename(file)}.`;
  const named = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix));
  return named
    .flatMap((name): Backup[] => {
      const id = name.slice(prefix.length);
      const path = join(dirname(file), name);
      return KINDS.flatMap(([kind, pattern]) => {
        const at = pattern.exec(id)?.[1];
        return at === undefined ? [] : [{ id, kind, path, at: Number(at), bytes: statSync(path).size }];
      });
    })
    .sort((a, b) => b.at - a.at);
}

const ofKind = (file: string, wanted: CopyKind): readonly Backup[] =>
  listBackups(file).filter(({ kind }) => kind === wanted);

/** True when the newest copy is a day old, or comes from the future (a clock that was set back), or there is none. */
export function isBackupDue(file: string, now: number): boolean {
  const [newest] = ofKind(file, 'daily');
  return newest === undefined || now - newest.at >= BACKUP_EVERY_MS || newest.at > now;
}

/** Copies the open database as it is now. Complete under its name, or absent. @returns the copy's id */
export function makeBackup(db: Db, file: string, now: number): string {
  const path = copyPath(file, 'copy', now);
  copyInto(db, path);
  removeOlder(file, 'daily', path, now);
  return path.slice(file.length + 1);
}

/**
 * Removes what goes beyond the last three of a kind: never the copy `made` just now, and first the copies from the future, whose
 * dates a clock that was wrong has given.
 */
export function removeOlder(file: string, kind: CopyKind, made: string, now: number): void {
  const others = ofKind(file, kind).filter(({ path }) => path !== made);
  const [past, future] = [others.filter(({ at }) => at <= now), others.filter(({ at }) => at > now)];
  for (const old of [...past, ...future].slice(KEPT - 1)) {
    remove(old.path);
    remove(fileListOf(old.path));
  }
}

/** Removes what is not needed. What a failing disk keeps goes the next time: no reason to lose the copy that was made. */
export function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // drafts are swept when the library opens, old copies when the next one is made
  }
}

/** Where the list of a copy's files lies. */
export function fileListOf(copy: string): string {
  return `${copy}.files`;
}

/** A compact copy of the open database at `target`, encrypted as that is, with the list of its files, on the disk when this returns. */
export function copyInto(db: Db, target: string): void {
  const draft = `${target}.tmp`;
  try {
    closeSync(openSync(draft, 'w', 0o600)); // an empty file is written into with the mode that it has
    db.prepare('VACUUM INTO ?').run(draft);
    sync(draft);
    writeFileList(db, fileListOf(target), readFileSync(draft));
    renameSync(draft, target);
    syncFolder(dirname(target));
  } finally {
    remove(draft);
  }
}

/** A copy that can be opened, is ours, and whose pages are in order. */
export function isSound(path: string, key: DatabaseKey): boolean {
  let db: Db | null = null;
  try {
    db = openHandle(path, { readonly: true }, key);
    return (
      db.pragma('application_id', { simple: true }) === APPLICATION_ID &&
      checkDatabase(db, 'quick_check').length === 0
    );
  } catch (error) {
    if (isSqliteError(error)) return false;
    throw error;
  } finally {
    db?.close();
  }
}

/** What was written to the file is on the disk when this returns. */
export function sync(path: string): void {
  const handle = openSync(path, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes renames in `dir` last through a power cut. */
export function syncFolder(dir: string): void {
  if (process.platform === 'win32') return; // NTFS journals renames; a folder cannot be opened there
  const handle = openSync(dir, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
