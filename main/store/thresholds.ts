/** @file Operating points set by hand: every one that was ever kept, the newest of a task in force. */
import type { ReaderId, RunId } from '../../shared/domain/ids.ts';
import type { Task } from '../../shared/domain/task.ts';
import type { Db } from './connection.ts';

export interface ThresholdRow {
  readonly task: Task;
  /** Null = back to the fitted one. */
  readonly threshold: number | null;
  /** What validation had chosen then; null = nothing could be chosen. */
  readonly fitted: number | null;
  /** Null = by the command line. */
  readonly readerId: ReaderId | null;
  readonly byName: string;
  readonly reason: string;
  readonly createdAt: number;
}

export type ThresholdStore = ReturnType<typeof createThresholdStore>;

export function createThresholdStore(db: Db) {
  const columns =
    'task, threshold, fitted, reader_id AS readerId, by_name AS byName, reason, created_at AS createdAt';
  const insert = db.prepare(
    `INSERT INTO kept_thresholds (run_id, task, threshold, fitted, reader_id, by_name, reason, created_at)
     VALUES (@runId, @task, @threshold, @fitted, @readerId, @byName, @reason, @createdAt)`,
  );
  const history = db.prepare<[string], ThresholdRow>(
    `SELECT ${columns} FROM kept_thresholds WHERE run_id = ? ORDER BY no`,
  );
  return {
    add: (runId: RunId, row: ThresholdRow): void => void insert.run({ ...row, runId }),
    /** Oldest first. */
    history: (runId: RunId): readonly ThresholdRow[] => history.all(runId),
    /** What was set by hand and not taken back, by task. */
    inForce(runId: RunId): ReadonlyMap<Task, ThresholdRow & { readonly threshold: number }> {
      const newest = new Map<Task, ThresholdRow & { readonly threshold: number }>();
      for (const row of history.all(runId)) {
        const { threshold } = row;
        if (threshold === null) newest.delete(row.task);
        else newest.set(row.task, { ...row, threshold });
      }
      return newest;
    },
  };
}
