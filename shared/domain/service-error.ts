/** @file The expected error of every service: a code for programs, a sentence a person can act on, details folded. */

export const ERROR_CODES = [
  'BAD_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'BUSY',
  'READ_ONLY',
  'DISK_FULL',
  'OUT_OF_MEMORY',
  'ENGINE_UNAVAILABLE',
  'UNREADABLE_FILE',
  'UNKNOWN_LABELS',
  'MISSING_COLUMNS',
  'DUPLICATE_IDS',
  'SPLIT_LEAKS',
  'SPLIT_IMPOSSIBLE',
  'INCOMPATIBLE',
  'CORRUPT_LIBRARY',
  'NEWER_LIBRARY',
  'WORKER_CRASHED',
  'CANCELLED',
  'SIGNED_OUT',
  'WRONG_PIN',
  'NOT_ALLOWED',
  'LOCKED',
  'PASSPHRASE_NEEDED',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export function isErrorCode(code: string): code is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(code);
}

export type ErrorDetail = Readonly<Record<string, unknown>>;

/** Thrown by services for everything that can be expected; anything else is a defect of ours. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  /** `message` says what happened, what was kept and what to do. */
  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.detail = detail;
  }
}

/** Makes the compiler prove that a union is handled to the last member. */
export function assertNever(value: never, what = 'value'): never {
  throw new Error(`unhandled ${what}: ${JSON.stringify(value)}`);
}
