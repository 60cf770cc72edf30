/**
 * @file Writes the library's audit trail: who did what when. An act is recorded when it is done and before its answer leaves, so
 * nothing is handed out without a trace. A library that is open read-only keeps none.
 */
import { userInfo } from 'node:os';

import type { AuditAction, AuditDetail } from '../../../shared/domain/audit.ts';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../service-types.ts';

export interface AuditLog {
  /** @throws ServiceError DISK_FULL */
  record(action: AuditAction, subject: string, detail?: AuditDetail): void;
  /** The same, the first time in this session only: a film that is looked at all day is one entry. */
  recordOnce(action: AuditAction, subject: string, detail?: AuditDetail): void;
}

export function createAuditLog(store: Store, clock: Clock): AuditLog {
  const actor = account();
  const seen = new Set<string>();
  const record = (action: AuditAction, subject: string, detail: AuditDetail = {}): void => {
    if (store.readOnly) return;
    store.audit.append({ at: clock.now(), actor, action, subject, detail });
  };
  return {
    record,
    recordOnce(action, subject, detail = {}) {
      const key = JSON.stringify([action, subject, detail]);
      if (seen.has(key)) return;
      record(action, subject, detail);
      seen.add(key);
    },
  };
}

/** An account without a name (a container's number) is named by that number. */
function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
