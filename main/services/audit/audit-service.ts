/** @file The audit trail for windows: entries newest first, the verdict over the chain, the trail as text to keep elsewhere. */
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import { csvText } from '../exchange/csv-cells.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { AuditService, Clock } from '../service-types.ts';

export function createAuditService({ store, audit }: OpenLibrary, clock: Clock): AuditService {
  const plain = (entry: AuditEntry) => ({ ...entry, detail: { ...entry.detail } });
  return {
    list: ({ action, before, limit }) => ({
      entries: store.audit.page(action, before, limit).map(plain),
      counts: store.audit.counts().map((one) => ({ ...one })),
    }),
    verify: () => store.audit.verify(),
    export({ format }) {
      const verdict = store.audit.verify();
      const entries = store.audit.after(0);
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      const text =
        format === 'json'
          ? `${JSON.stringify({ ...verdict, trail: entries }, null, 1)}\n`
          : trailCsv(entries);
      audit.record('export', '', { what: 'audit trail', format });
      return { name: `audit-trail-${day}.${format}`, text };
    },
  };
}

/** One row an entry, with its hash; cells that a table would take for a formula are quoted. */
export function trailCsv(entries: readonly AuditEntry[]): string {
  const head = ['number', 'time', 'account', 'action', 'subject', 'detail', 'hash'];
  const rows = entries.map(({ seq, at, actor, action, subject, detail, hash }) => [
    seq,
    new Date(at).toISOString(),
    actor,
    action,
    subject,
    JSON.stringify(detail),
    hash,
  ]);
  return csvText([head, ...rows]);
}
