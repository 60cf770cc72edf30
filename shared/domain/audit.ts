/** @file The words of the audit trail: what can be done with a library that must be told afterwards. */

export const AUDIT_ACTIONS = [
  'open',
  'restore',
  'import',
  'split',
  'train',
  'study',
  'view',
  'predict',
  'export',
  'deidentify',
  'delete',
  'review',
  'sign-in',
  'lock',
  'unlock',
  'setting',
  'annotate',
  'adjudicate',
  'label',
  'threshold change',
  'update',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Plain facts; never a patient's identity, a film's name or a path. */
export type AuditDetail = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEntry {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The account of the computer that the app ran under. */
  readonly actor: string;
  readonly action: string;
  /** Id of what it was done with; '' = the library. */
  readonly subject: string;
  readonly detail: AuditDetail;
  /** SHA-256 over the entry and the hash before it, in hex. */
  readonly hash: string;
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly entries: number;
  /** Number of the first entry that is not what was written; null = none. */
  readonly firstBad: number | null;
  /** Hash of the last entry: noted elsewhere, it also tells of a trail that was written anew as a whole. */
  readonly head: string;
}
