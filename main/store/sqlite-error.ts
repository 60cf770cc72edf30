/** @file SQLite's error codes as errors that a person can act on. */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { isSqliteError } from './driver.ts';

/** A SQLite error as ServiceError where it can be expected; anything else unchanged. */
export function translateSqliteError(error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  const { code } = error;
  const detail = { sqlite: code };
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR')) {
    return new ServiceError(
      'DISK_FULL',
      code === 'SQLITE_FULL'
        ? 'The disk is full. What was saved before is kept; free some space and try again.'
        : 'The disk did not take the data. What was saved before is kept; check the disk and try again.',
      detail,
    );
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new ServiceError(
      'CORRUPT_LIBRARY',
      'The library’s database is damaged. Nothing was changed; restore the folder from a copy, or import the films' +
        ' into a new library.',
      detail,
    );
  }
  if (code.startsWith('SQLITE_READONLY')) {
    return new ServiceError(
      'READ_ONLY',
      'This library is open read-only, because another window has it open. Close that one to make changes.',
      detail,
    );
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new ServiceError('BUSY', 'Another program is using the library. Try again in a moment.', detail);
  }
  if (code === 'SQLITE_CANTOPEN') {
    return new ServiceError(
      'NOT_FOUND',
      'The library’s database cannot be opened. Check that the folder exists and may be written.',
      detail,
    );
  }
  return error;
}

/** The same object with every method's SQLite errors translated. */
export function translated<Repository extends object>(repository: Repository): Repository {
  const entries = Object.entries(repository).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function') return [name, member] as const;
    const call = (...input: unknown[]): unknown => {
      try {
        return (member as (...input: unknown[]) => unknown)(...input);
      } catch (error) {
        throw translateSqliteError(error);
      }
    };
    return [name, call] as const;
  });
  return Object.fromEntries(entries) as Repository;
}
