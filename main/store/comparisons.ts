/** @file What comparing runs takes: a run's bootstrap replicates, and differences of two runs by finding. */
import { z } from 'zod';

import { findingDifference, type FindingDifference } from '../../shared/contract/comparison.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

/** AUROC of a task and of each of its bootstrap replicates; null and NaN where undefined. */
export interface ReplicatedAuroc {
  readonly value: number | null;
  readonly values: Float64Array;
}

/** T1 (macro over findings) and T2 of one run on one part. */
export interface Replicates {
  /** Digest of films, patients, findings and labels: only replicates of the same are paired. */
  readonly films: string;
  readonly t1: ReplicatedAuroc;
  readonly t2: ReplicatedAuroc;
}

interface ReplicatesRow {
  readonly films: string;
  readonly t1: number | null;
  readonly t2: number | null;
  readonly t1Values: Buffer;
  readonly t2Values: Buffer;
}

/** A copy: a blob need not lie at a multiple of 8 bytes. */
function doubles(blob: Buffer): Float64Array {
  return new Float64Array(Uint8Array.from(blob).buffer);
}

function bytes(values: Float64Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

const keptFindings = z.array(findingDifference);

export type ComparisonStore = ReturnType<typeof createComparisonStore>;

/** `madeFrom` says what a row was computed from; a row made from anything else is as good as none. */
export function createComparisonStore(db: Db) {
  const putReplicates = db.prepare(
    `INSERT INTO replicates (run_id, part, made_from, films, t1, t2, t1_values, t2_values)
     VALUES (@runId, @part, @madeFrom, @films, @t1, @t2, @t1Values, @t2Values)
     ON CONFLICT (run_id, part) DO UPDATE SET made_from = excluded.made_from, films = excluded.films,
       t1 = excluded.t1, t2 = excluded.t2, t1_values = excluded.t1_values, t2_values = excluded.t2_values`,
  );
  const findReplicates = db.prepare<[string, string, string], ReplicatesRow>(
    `SELECT films, t1, t2, t1_values AS t1Values, t2_values AS t2Values FROM replicates
     WHERE run_id = ? AND part = ? AND made_from = ?`,
  );
  const putFindings = db.prepare<[string, string, string, string, string]>(
    `INSERT INTO comparisons (a_run_id, b_run_id, part, made_from, result) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (a_run_id, b_run_id, part) DO UPDATE SET made_from = excluded.made_from, result = excluded.result`,
  );
  const findFindings = db.prepare<[string, string, string, string], { result: string }>(
    'SELECT result FROM comparisons WHERE a_run_id = ? AND b_run_id = ? AND part = ? AND made_from = ?',
  );

  return {
    putReplicates(runId: RunId, part: Part, madeFrom: string, { films, t1, t2 }: Replicates): void {
      putReplicates.run({
        runId,
        part,
        madeFrom,
        films,
        t1: t1.value,
        t2: t2.value,
        t1Values: bytes(t1.values),
        t2Values: bytes(t2.values),
      });
    },
    findReplicates(runId: RunId, part: Part, madeFrom: string): Replicates | null {
      const row = findReplicates.get(runId, part, madeFrom);
      if (row === undefined) return null;
      return {
        films: row.films,
        t1: { value: row.t1, values: doubles(row.t1Values) },
        t2: { value: row.t2, values: doubles(row.t2Values) },
      };
    },
    putFindings(
      a: RunId,
      b: RunId,
      part: Part,
      madeFrom: string,
      result: readonly FindingDifference[],
    ): void {
      putFindings.run(a, b, part, madeFrom, JSON.stringify(result));
    },
    findFindings(a: RunId, b: RunId, part: Part, madeFrom: string): readonly FindingDifference[] | null {
      const row = findFindings.get(a, b, part, madeFrom);
      return row === undefined ? null : keptFindings.parse(JSON.parse(row.result));
    },
  };
}
