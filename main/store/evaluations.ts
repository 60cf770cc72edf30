/** @file Stored evaluations: metrics of a run on a part of its split, as the contract has them. */
import { z } from 'zod';

import { evaluation, type Evaluation } from '../../shared/contract/evaluation.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

const headlineSchema = z.object({
  t1: evaluation.shape.t1,
  t2: evaluation.shape.t2.shape.auroc,
});
export type Headline = z.infer<typeof headlineSchema>;

export type EvaluationStore = ReturnType<typeof createEvaluationStore>;

export function createEvaluationStore(db: Db) {
  const put = db.prepare<[string, string, number, string, number]>(
    `INSERT INTO evaluations (run_id, part, created_at, result, labels_seq) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (run_id, part) DO UPDATE SET created_at = excluded.created_at, result = excluded.result,
       labels_seq = excluded.labels_seq`,
  );
  const find = db.prepare<[string, string], { result: string }>(
    'SELECT result FROM evaluations WHERE run_id = ? AND part = ?',
  );
  const labels = db.prepare<[string, string], { seq: number }>(
    'SELECT labels_seq AS seq FROM evaluations WHERE run_id = ? AND part = ?',
  );
  const headline = db.prepare<[string, string], { t1: string; t2: string }>(
    `SELECT json_extract(result, '$.t1') AS t1, json_extract(result, '$.t2.auroc') AS t2
     FROM evaluations WHERE run_id = ? AND part = ?`,
  );
  return {
    /** T1 and T2 alone: curves make a whole evaluation hundreds of kilobytes. */
    headline(runId: RunId, part: Part): Headline | null {
      const row = headline.get(runId, part);
      return row === undefined
        ? null
        : headlineSchema.parse({ t1: JSON.parse(row.t1) as unknown, t2: JSON.parse(row.t2) as unknown });
    },
    /** @param labelsSeq `imports.endedSeq()` when its labels were read */
    put: (result: Evaluation, labelsSeq: number): void =>
      void put.run(result.runId, result.part, result.createdAt, JSON.stringify(result), labelsSeq),
    /** As `put` was given it; null = nothing is stored. */
    labelsSeq: (runId: RunId, part: Part): number | null => labels.get(runId, part)?.seq ?? null,
    find(runId: RunId, part: Part): Evaluation | null {
      const row = find.get(runId, part);
      return row === undefined ? null : evaluation.parse(JSON.parse(row.result));
    },
  };
}
