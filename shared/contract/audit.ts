/** @file Contract of the audit trail: its entries newest first, whether it is whole, the trail as a file to keep elsewhere. */
import { z } from 'zod';

import { empty, procedure, timestampMs } from './base.ts';

export const auditEntry = z.object({
  seq: z.number().int(),
  at: timestampMs,
  actor: z.string(),
  action: z.string(),
  /** Id of what it was done with; '' = the library. */
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof auditEntry>;

export const auditVerdict = z.object({
  ok: z.boolean(),
  entries: z.number().int(),
  /** Number of the first entry that is not what was written; null = none. */
  firstBad: z.number().int().nullable(),
  /** Hash of the last entry, to be noted elsewhere. */
  head: z.string(),
});
export type AuditVerdictView = z.infer<typeof auditVerdict>;

export const auditContract = {
  list: procedure
    .input(
      z.object({
        /** null = every act. */
        action: z.string().max(40).nullable().default(null),
        /** Entries with a lower number; null = from the newest. */
        before: z.number().int().positive().nullable().default(null),
        limit: z.number().int().min(1).max(500).default(100),
      }),
    )
    .output(
      z.object({
        entries: z.array(auditEntry),
        /** How often each act stands in the trail, most frequent first. */
        counts: z.array(z.object({ action: z.string(), entries: z.number().int() })),
      }),
    ),
  /** Reads the whole chain. */
  verify: procedure.input(empty).output(auditVerdict),
  /** The whole trail with its verdict, oldest first; that it was taken is told in the trail. */
  export: procedure
    .input(z.object({ format: z.enum(['json', 'csv']) }))
    .output(z.object({ name: z.string(), text: z.string() })),
};
