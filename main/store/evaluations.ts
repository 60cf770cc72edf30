/** @file Stored evaluations: metrics of a run on a part of its split, as the contract has them. */
import { evaluation, type Evaluation } from '../../shared/contract/evaluation.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export type EvaluationStore = ReturnType<typeof createEvaluationStore>;

export function createEvaluationStore(db: Db) {
  const put = db.prepare<[string, string, number, string]>(
    `INSERT INTO evaluations (run_id, part, created_at, result) VALUES (?, ?, ?, ?)
     ON CONFLICT (run_id, part) DO UPDATE SET created_at = excluded.created_at, result = excluded.result`,
  );
  const find = db.prepare<[string, string], { result: string }>(
    'SELECT result FROM evaluations WHERE run_id = ? AND part = ?',
  );
  return {
    put: (result: Evaluation): void =>
      void put.run(result.runId, result.part, result.createdAt, JSON.stringify(result)),
    find(runId: RunId, part: Part): Evaluation | null {
      const row = find.get(runId, part);
      return row === undefined ? null : evaluation.parse(JSON.parse(row.result));
    },
  };
}
