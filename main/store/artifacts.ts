/** @file Rows about immutable artifacts. A row is written after its file is complete (main/files), never before. */
import type { Db } from './connection.ts';

export interface ArtifactRow {
  readonly sha256: string;
  readonly kind: string;
  readonly bytes: number;
}

export type ArtifactStore = ReturnType<typeof createArtifactStore>;

export function createArtifactStore(db: Db) {
  const insert = db.prepare<[string, string, number, number]>(
    'INSERT INTO artifacts (sha256, kind, bytes, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const byHash = db.prepare<[string], ArtifactRow>(
    'SELECT sha256, kind, bytes FROM artifacts WHERE sha256 = ?',
  );
  const all = db.prepare<[], ArtifactRow>('SELECT sha256, kind, bytes FROM artifacts ORDER BY sha256');
  const sum = db.prepare<[], { bytes: number }>('SELECT coalesce(sum(bytes), 0) AS bytes FROM artifacts');
  const remove = db.prepare<[string]>('DELETE FROM artifacts WHERE sha256 = ?');

  return {
    /** The same content twice is one row. */
    add(artifact: ArtifactRow, now: number): void {
      insert.run(artifact.sha256, artifact.kind, artifact.bytes, now);
    },
    find: (sha256: string): ArtifactRow | null => byHash.get(sha256) ?? null,
    list: (): readonly ArtifactRow[] => all.all(),
    totalBytes: (): number => sum.get()?.bytes ?? 0,
    /** The row only; the caller removes the file afterwards. Refused by SQL while something points at it. */
    remove(sha256: string): void {
      remove.run(sha256);
    },
  };
}
