/**
 * @file The list beside a copy of the database: what the copy is, and every file of the library that its rows point at, with
 * size and SHA-256. Lines of JSON, the first about the copy itself.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

import { z } from 'zod';

import type { Db } from './connection.ts';

export const copySummary = z.object({
  /** Layout version of the database. */
  layout: z.number().int(),
  sha256: z.string(),
  bytes: z.number(),
  films: z.number().int(),
  patients: z.number().int(),
  runs: z.number().int(),
  /** Versions of readings. */
  readings: z.number().int(),
  files: z.number().int(),
});
export type CopySummary = z.infer<typeof copySummary>;

/** `path` is relative to the library's folder, with forward slashes. */
export const listedFile = z.object({
  path: z.string(),
  kind: z.string(),
  bytes: z.number(),
  sha256: z.string(),
});
export type ListedFile = z.infer<typeof listedFile>;

export interface FileList {
  readonly summary: CopySummary;
  readonly files: readonly ListedFile[];
}

function count(db: Db, table: 'films' | 'patients' | 'runs' | 'reading_versions'): number {
  // A copy made before an update may not have the table yet.
  const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
  if (there === undefined) return 0;
  return db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
}

/** What an open database holds. */
export function contentOf(db: Db): Pick<CopySummary, 'films' | 'patients' | 'runs' | 'readings'> {
  return {
    films: count(db, 'films'),
    patients: count(db, 'patients'),
    runs: count(db, 'runs'),
    readings: count(db, 'reading_versions'),
  };
}

function filesOf(db: Db): readonly ListedFile[] {
  const artifacts = db
    .prepare<[], Omit<ListedFile, 'path'>>('SELECT kind, bytes, sha256 FROM artifacts ORDER BY sha256')
    .all()
    .map((row) => ({ path: `artifacts/${row.sha256.slice(0, 2)}/${row.sha256}`, ...row }));
  const hasRuns = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'run_checkpoints'").get();
  if (hasRuns === undefined) return artifacts;
  const weights = db
    .prepare<[], Omit<ListedFile, 'kind'>>(
      `SELECT 'runs/' || run_id || '/' || file AS path, bytes, sha256 FROM run_checkpoints WHERE kind = 'final' ORDER BY path`,
    )
    .all()
    .map(({ path, bytes, sha256 }) => ({ path, kind: 'weights', bytes, sha256 }));
  return [...artifacts, ...weights];
}

/** Writes the list of the open database, of which `copy` is the file. Whole or not there. */
export function writeFileList(db: Db, target: string, copy: Uint8Array): void {
  const files = filesOf(db);
  const summary: CopySummary = {
    layout: Number(db.pragma('user_version', { simple: true })),
    sha256: createHash('sha256').update(copy).digest('hex'),
    bytes: copy.byteLength,
    ...contentOf(db),
    files: files.length,
  };
  const text = [summary, ...files].map((line) => `${JSON.stringify(line)}\n`).join('');
  const bytes = new TextEncoder().encode(text);
  const draft = `${target}.tmp`; // swept when the library opens, should it be left
  const handle = openSync(draft, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, target);
}

function parseLine<T>(schema: z.ZodType<T>, line: string | undefined): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The list at `path`; null when it is not there or not whole: then the copy itself is to be asked. */
export function readFileList(path: string): FileList | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const [head, ...lines] = text.trimEnd().split('\n');
  const summary = parseLine(copySummary, head);
  const files = lines.map((line) => parseLine(listedFile, line));
  if (summary === null || summary.files !== files.length || files.includes(null)) return null;
  return { summary, files: files.filter((one) => one !== null) };
}

/** The same of a copy whose list is lost, from its rows. */
export function fileListFrom(db: Db, copy: Uint8Array): FileList {
  const files = filesOf(db);
  const layout = Number(db.pragma('user_version', { simple: true }));
  const sha256 = createHash('sha256').update(copy).digest('hex');
  return {
    files,
    summary: { layout, sha256, bytes: copy.byteLength, ...contentOf(db), files: files.length },
  };
}
