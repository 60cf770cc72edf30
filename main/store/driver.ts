/**
 * @file Opens an SQLite file: a plain one with better-sqlite3, one of an encrypted library with better-sqlite3-multiple-ciphers, which
 * is the same code with SQLite3MultipleCiphers under it and is loaded only then. Every handle of main/store comes from here.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';

import Database from 'better-sqlite3';

import type { Db } from './connection.ts';

/** 32 bytes; null = the file is not encrypted. */
export type DatabaseKey = Uint8Array | null;

export interface HandleOptions {
  readonly readonly?: boolean;
  /** How long another program's lock is waited for, ms. */
  readonly timeout?: number;
}

interface CipherDb extends Db {
  key(key: Buffer): number;
  rekey(key: Buffer): number;
}
type CipherDriver = new (file: string, options: HandleOptions) => CipherDb;

const KEY_BYTES = 32;

function cipherDriver(): CipherDriver {
  return createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as CipherDriver;
}

/** SQLCipher's notation of a key that is taken as it is, without being stretched. */
function rawKey(key: Uint8Array): Buffer {
  if (key.length !== KEY_BYTES) throw new Error('the key of a database has 32 bytes');
  return Buffer.from(`x'${Buffer.from(key).toString('hex')}'`, 'latin1');
}

/** SQLCipher 4: AES-256-CBC and HMAC-SHA-512 a page, read by SQLCipher's own tools too. */
function chooseCipher(db: Db): void {
  db.pragma("cipher = 'sqlcipher'");
  db.pragma('legacy = 4');
}

/**
 * The file is its account's alone from the first byte on; SQLite gives its log the same mode. One that is there is never opened for
 * this: closing it again would give up the locks that another handle of this process has on it.
 */
function keepPrivate(file: string): void {
  if (file === ':memory:' || process.platform === 'win32') return;
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  const { mode, uid } = statSync(file);
  if ((mode & 0o077) !== 0 && uid === process.getuid?.()) chmodSync(file, 0o600);
}

/** @throws SqliteError; the key is looked at with the first page that is read: a wrong one is then SQLITE_NOTADB */
export function openHandle(file: string, options: HandleOptions, key: DatabaseKey): Db {
  if (options.readonly !== true) keepPrivate(file);
  if (key === null) return new Database(file, options);
  const db = new (cipherDriver())(file, options);
  try {
    chooseCipher(db);
    db.key(rawKey(key));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Writes every page of the file anew under another key, in place: for a copy that nobody else sees yet.
 * @param from what it is encrypted with now @param to what it is encrypted with afterwards
 */
export function changeKey(file: string, from: DatabaseKey, to: DatabaseKey): void {
  const db = new (cipherDriver())(file, {});
  try {
    chooseCipher(db);
    if (from !== null) db.key(rawKey(from));
    // A log or a journal beside the file would outlive this; the file itself is a draft.
    db.pragma('journal_mode = DELETE');
    db.pragma('journal_mode = MEMORY');
    db.rekey(to === null ? Buffer.alloc(0) : rawKey(to));
  } finally {
    db.close();
  }
}

export interface SqliteFailure extends Error {
  readonly code: string;
}

/** An error of SQLite, of whichever of the two. */
export function isSqliteError(error: unknown): error is SqliteFailure {
  return (
    error instanceof Error &&
    error.name === 'SqliteError' &&
    typeof (error as Partial<SqliteFailure>).code === 'string'
  );
}
