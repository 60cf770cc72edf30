/** @file The database handle inside main/store, the mark of our files, and SQLite's own check. */
import type Database from 'better-sqlite3';

export type Db = Database.Database;

/** "CHST" in ASCII: tells our files from any other SQLite file. */
export const APPLICATION_ID = 0x43485354;

/** Sentences of SQLite's own check; empty = sound. */
export function checkDatabase(db: Db, check: 'quick_check' | 'integrity_check'): readonly string[] {
  const rows = db.pragma(check) as readonly Record<string, unknown>[];
  const lines = rows.map((row) => String(Object.values(row)[0]));
  return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
}
