/**
 * @file The audit trail: rows that are only added, each with SHA-256 over itself and the hash before. Whoever changes, removes or
 * reorders a row breaks the chain, which `verify` finds; cut-off ends are found by SQLite's own counter.
 */
import { createHash } from 'node:crypto';

import type { AuditAction, AuditDetail, AuditEntry, AuditVerdict } from '../../shared/domain/audit.ts';
import type { Db } from './connection.ts';

interface AuditRow extends Omit<AuditEntry, 'detail'> {
  readonly detail: string;
  readonly previous: string;
}

export interface NewAuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly subject: string;
  readonly detail: AuditDetail;
}

export type AuditStore = ReturnType<typeof createAuditStore>;

function hashOf({ seq, at, actor, action, subject, detail, previous }: Omit<AuditRow, 'hash'>): string {
  const row = JSON.stringify([seq, at, actor, action, subject, detail]);
  return createHash('sha256').update(`chestlight audit 1\n${previous}\n${row}`, 'utf8').digest('hex');
}

export function createAuditStore(db: Db) {
  const columns = 'seq, at, actor, action, subject, detail, previous, hash';
  const insert = db.prepare<AuditRow>(
    `INSERT INTO audit (${columns}) VALUES (@seq, @at, @actor, @action, @subject, @detail, @previous, @hash)`,
  );
  const last = db.prepare<[], { seq: number; at: number; hash: string }>(
    'SELECT seq, at, hash FROM audit ORDER BY seq DESC LIMIT 1',
  );
  const counted = db.prepare<[], { seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
  const all = db.prepare<[number], AuditRow>(`SELECT ${columns} FROM audit WHERE seq > ? ORDER BY seq`);
  const newest = db.prepare<{ action: string | null; before: number | null; limit: number }, AuditRow>(
    `SELECT ${columns} FROM audit
     WHERE (@action IS NULL OR action = @action) AND (@before IS NULL OR seq < @before)
     ORDER BY seq DESC LIMIT @limit`,
  );
  const perAction = db.prepare<[], { action: string; entries: number }>(
    'SELECT action, count(*) AS entries FROM audit GROUP BY action ORDER BY entries DESC, action',
  );
  const entryOf = ({ previous: _previous, detail, ...row }: AuditRow): AuditEntry => ({
    ...row,
    detail: JSON.parse(detail) as AuditDetail,
  });
  const highest = (): number => Math.max(counted.get()?.seq ?? 0, last.get()?.seq ?? 0);

  const append = db.transaction((entry: NewAuditEntry): number => {
    const row = {
      ...entry,
      seq: highest() + 1,
      detail: JSON.stringify(entry.detail),
      previous: last.get()?.hash ?? '',
    };
    insert.run({ ...row, hash: hashOf(row) });
    return row.seq;
  });

  return {
    /** @returns the entry's number */
    append: (entry: NewAuditEntry): number => append(entry),
    /** When the newest entry was written, ms since 1970; null = there is none. */
    lastAt: (): number | null => last.get()?.at ?? null,
    /** Entries after number `seq`, oldest first. */
    after: (seq: number): readonly AuditEntry[] => all.all(seq).map(entryOf),
    /** Newest first: at most `limit` entries before number `before`, of one action or of all. */
    page: (action: string | null, before: number | null, limit: number): readonly AuditEntry[] =>
      newest.all({ action, before, limit }).map(entryOf),
    /** Most frequent first. */
    counts: (): readonly { readonly action: string; readonly entries: number }[] => perAction.all(),
    /** Reads the whole chain. */
    verify(): AuditVerdict {
      let entries = 0;
      let head = '';
      for (const row of all.iterate(0)) {
        const fits = row.seq === entries + 1 && row.previous === head && row.hash === hashOf(row);
        if (!fits) return { ok: false, entries, firstBad: entries + 1, head };
        entries += 1;
        head = row.hash;
      }
      const cutOff = highest() > entries;
      return { ok: !cutOff, entries, firstBad: cutOff ? entries + 1 : null, head };
    },
  };
}
