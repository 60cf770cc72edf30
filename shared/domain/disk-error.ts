/** @file Failures of the disk as words that a person can act on; main/files and main/store tell them alike. */
import { ServiceError } from './service-error.ts';

/** The `code` of a system error of Node.js, else null. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** A failed disk operation as ServiceError where it can be expected; anything else unchanged. */
export function translateDiskError(error: unknown): unknown {
  const code = errorCode(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ServiceError(
        'DISK_FULL',
        'The disk is full. What was saved before is kept; free some space and try again.',
        { cause: code },
      );
    case 'EIO':
    case 'EFBIG':
    case 'ENXIO':
      return new ServiceError(
        'DISK_FULL',
        'The disk did not take the data. What was saved before is kept; check the disk and try again.',
        { cause: code },
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new ServiceError(
        'READ_ONLY',
        'The library’s folder may not be written. Check its permissions, or choose another folder.',
        { cause: code },
      );
    case null:
    default:
      return error;
  }
}
