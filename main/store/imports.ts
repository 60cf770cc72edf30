/** @file Rows about imports: written before the work starts, closed when it ends. */
import type { ImportId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export type ImportState = 'running' | 'finished' | 'cancelled' | 'failed';

export interface ImportRow {
  readonly id: ImportId;
  readonly kind: 'files' | 'sample';
  readonly state: ImportState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** As stored by the import service; it parses it with its schema. */
  readonly summary: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
}

interface RawRow {
  readonly id: string;
  readonly kind: 'files' | 'sample';
  readonly state: ImportState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly summary: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export type ImportStore = ReturnType<typeof createImportStore>;

const COLUMNS = `id, kind, state, started_at AS startedAt, ended_at AS endedAt, summary,
  error_code AS errorCode, error_message AS errorMessage`;

function parse(row: RawRow): ImportRow {
  return {
    id: row.id as ImportId,
    kind: row.kind,
    state: row.state,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    summary: row.summary === null ? null : (JSON.parse(row.summary) as unknown),
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
  };
}

export function createImportStore(db: Db) {
  const insert = db.prepare<[string, string, number]>(
    `INSERT INTO imports (id, kind, state, started_at, seq)
     VALUES (?, ?, 'running', ?, (SELECT coalesce(max(seq), 0) + 1 FROM imports))`,
  );
  const end = db.prepare<[string, number, string | null, string | null, string | null, string]>(
    `UPDATE imports SET state = ?, ended_at = ?, summary = ?, error_code = ?, error_message = ?
     WHERE id = ? AND state = 'running'`,
  );
  const newest = db.prepare<[], RawRow>(`SELECT ${COLUMNS} FROM imports ORDER BY seq DESC LIMIT 1`);
  const ended = db.prepare<[], { seq: number | null }>(
    'SELECT max(seq) AS seq FROM imports WHERE ended_at IS NOT NULL',
  );
  const byId = db.prepare<[string], RawRow>(`SELECT ${COLUMNS} FROM imports WHERE id = ?`);
  const interrupt = db.prepare<[number, string]>(
    `UPDATE imports SET state = 'failed', ended_at = ?, error_code = 'CANCELLED', error_message = ?
     WHERE state = 'running'`,
  );

  return {
    begin(id: ImportId, kind: 'files' | 'sample', now: number): void {
      insert.run(id, kind, now);
    },
    end(
      id: ImportId,
      how: {
        readonly state: Exclude<ImportState, 'running'>;
        readonly summary: unknown;
        readonly error: { readonly code: string; readonly message: string } | null;
      },
      now: number,
    ): void {
      const summary = how.summary === null ? null : JSON.stringify(how.summary);
      end.run(how.state, now, summary, how.error?.code ?? null, how.error?.message ?? null, id);
    },
    find: (id: ImportId): ImportRow | null => {
      const row = byId.get(id);
      return row === undefined ? null : parse(row);
    },
    /** The one begun last, whatever the clock said. */
    newest: (): ImportRow | null => {
      const row = newest.get();
      return row === undefined ? null : parse(row);
    },
    /** Number of the newest import that has ended, in their own order; labels may have changed with it. 0 = none has. */
    endedSeq: (): number => ended.get()?.seq ?? 0,
    /** At start: an import that a crash or a power cut ended. @returns how many */
    closeInterrupted(message: string, now: number): number {
      return interrupt.run(now, message).changes;
    },
  };
}
