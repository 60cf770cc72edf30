/** @file Stored localisation figures of a run by part and kind of map. */
import { localisation, type Localisation } from '../../shared/contract/localisation.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export type LocalisationStore = ReturnType<typeof createLocalisationStore>;

export function createLocalisationStore(db: Db) {
  const put = db.prepare<[string, string, string, string, string]>(
    `INSERT INTO localisations (run_id, part, method, made_from, result) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (run_id, part, method) DO UPDATE SET made_from = excluded.made_from, result = excluded.result`,
  );
  const find = db.prepare<[string, string, string, string], { result: string }>(
    'SELECT result FROM localisations WHERE run_id = ? AND part = ? AND method = ? AND made_from = ?',
  );
  return {
    put(result: Localisation, madeFrom: string): void {
      put.run(result.runId, result.part, result.method, madeFrom, JSON.stringify(result));
    },
    /** Null when never computed, or from other weights, labels or boxes. */
    find(runId: RunId, part: Part, method: Localisation['method'], madeFrom: string): Localisation | null {
      const row = find.get(runId, part, method, madeFrom);
      return row === undefined ? null : localisation.parse(JSON.parse(row.result));
    },
  };
}
