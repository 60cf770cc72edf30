/** @file Where a run came from that was not trained here: who signed its bundle, its card, and the split it was measured on here. */
import type { RunId, SplitId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export interface ImportedModelRow {
  readonly runId: RunId;
  /** Of the whole bundle. */
  readonly bundleSha256: string;
  readonly signerName: string;
  /** SPKI in DER, base64. */
  readonly signerKey: string;
  /** JSON; the reader parses it with its own schema. */
  readonly card: unknown;
  /** Milliseconds since 1970. */
  readonly importedAt: number;
  /** Null = not measured here. */
  readonly measuredSplitId: SplitId | null;
}

export type ImportedModelStore = ReturnType<typeof createImportedModelStore>;

export function createImportedModelStore(db: Db) {
  const add = db.prepare(
    `INSERT INTO imported_models (run_id, bundle_sha256, signer_name, signer_key, card, imported_at, measured_split_id)
     VALUES (@runId, @bundleSha256, @signerName, @signerKey, @card, @importedAt, NULL)`,
  );
  const find = db.prepare<[string], Omit<ImportedModelRow, 'card'> & { card: string }>(
    `SELECT run_id AS runId, bundle_sha256 AS bundleSha256, signer_name AS signerName, signer_key AS signerKey, card,
       imported_at AS importedAt, measured_split_id AS measuredSplitId
     FROM imported_models WHERE run_id = ?`,
  );
  const setMeasured = db.prepare<[string, string]>(
    'UPDATE imported_models SET measured_split_id = ? WHERE run_id = ?',
  );
  return {
    /** Its run must be there. */
    add: (row: Omit<ImportedModelRow, 'measuredSplitId'>): void =>
      void add.run({ ...row, card: JSON.stringify(row.card) }),
    /** Null for a run that was trained here. */
    find(id: RunId): ImportedModelRow | null {
      const row = find.get(id);
      return row === undefined ? null : { ...row, card: JSON.parse(row.card) as unknown };
    },
    setMeasured: (id: RunId, splitId: SplitId): void => void setMeasured.run(splitId, id),
  };
}
