/** @file The copies of a library's database: what each holds, what going back to one would lose, which files it points at. */
import { readFileSync } from 'node:fs';

import type { CopyPreview, LibraryCopy } from '../../shared/contract/copies.ts';
import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { fileListOf, isBackupDue, isSound, listBackups, makeBackup, remove, type Backup } from './backup.ts';
import type { Db } from './connection.ts';
import { openHandle, type DatabaseKey } from './driver.ts';
import { contentOf, fileListFrom, readFileList, type FileList, type ListedFile } from './copy-files.ts';
import { translateSqliteError } from './sqlite-error.ts';

export type CopyStore = ReturnType<typeof createCopyStore>;

export interface LookedAt {
  readonly copy: LibraryCopy;
  readonly lost: CopyPreview['lost'];
  readonly files: readonly ListedFile[];
}

/** Tables whose rows a person would miss, with their key. */
const COUNTED = { films: 'id', runs: 'id', readings: 'id' } as const;
const TABLES = { films: 'films', runs: 'runs', readings: 'reading_versions' } as const;

function idsOf(db: Db, what: keyof typeof COUNTED): ReadonlySet<string> {
  const table = TABLES[what];
  const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
  if (there === undefined) return new Set(); // made before this layout
  return new Set(db.prepare<[], string>(`SELECT ${COUNTED[what]} FROM ${table}`).pluck().all());
}

/** @param file path of library.db, or ':memory:', of which there are no copies @param key of the database and its copies */
export function createCopyStore(db: Db, file: string, now: () => number, key: DatabaseKey) {
  const all = (): readonly Backup[] => (db.memory ? [] : listBackups(file));

  const openCopy = <T>({ path, id }: Backup, work: (copy: Db) => T): T => {
    if (!isSound(path, key)) {
      throw new ServiceError('CORRUPT_LIBRARY', 'This copy is damaged. Choose another one.', { id });
    }
    const copy = openHandle(path, { readonly: true }, key);
    try {
      return work(copy);
    } finally {
      copy.close();
    }
  };

  const listOf = (backup: Backup): FileList =>
    readFileList(fileListOf(backup.path)) ??
    openCopy(backup, (copy) => fileListFrom(copy, readFileSync(backup.path)));

  const viewOf = (backup: Backup): LibraryCopy => {
    const { films, patients, runs, readings } = listOf(backup).summary;
    const { id, kind, at, bytes } = backup;
    return { id, kind, at, bytes, content: { films, patients, runs, readings } };
  };

  const find = (id: string): Backup => {
    const backup = all().find((one) => one.id === id);
    if (backup !== undefined) return backup;
    throw new ServiceError('NOT_FOUND', 'This copy is not there any more. Look at the list again.', { id });
  };

  const translated = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw translateDiskError(translateSqliteError(error));
    }
  };
  const make = (): string => translated(() => makeBackup(db, file, now()));

  return {
    /** What the open library holds. */
    content: () => contentOf(db),
    /** Newest first. Copies that are damaged are left out; `verify` names them. */
    list: (): readonly LibraryCopy[] =>
      all().flatMap((backup) => {
        try {
          return [viewOf(backup)];
        } catch (error) {
          if (error instanceof ServiceError) return [];
          throw error;
        }
      }),
    /** When the newest copy was made, ms since 1970; null = there is none. */
    newestAt: (): number | null => all()[0]?.at ?? null,
    /** Ids of copies that cannot be used. */
    damaged: (): readonly string[] => all().flatMap(({ id, path }) => (isSound(path, key) ? [] : [id])),
    /** Removes a copy and the list beside it. @throws ServiceError NOT_FOUND */
    remove(id: string): void {
      const { path } = find(id);
      remove(path);
      remove(fileListOf(path));
    },
    /** @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY (the copy is damaged) */
    lookAt(id: string): LookedAt {
      const backup = find(id);
      const lostOf = (copy: Db, what: keyof typeof COUNTED): number => {
        const kept = idsOf(copy, what);
        return [...idsOf(db, what)].filter((one) => !kept.has(one)).length;
      };
      const lost = openCopy(backup, (copy) => ({
        films: lostOf(copy, 'films'),
        runs: lostOf(copy, 'runs'),
        readings: lostOf(copy, 'readings'),
      }));
      return { copy: viewOf(backup), lost, files: listOf(backup).files };
    },
    /** Copies the database now. @throws ServiceError DISK_FULL; then the copies before are as they were */
    make: (): LibraryCopy => viewOf(find(make())),
    /** The same when the newest copy is a day old. @throws ServiceError DISK_FULL */
    makeIfDue(): void {
      if (!db.memory && !db.readonly && translated(() => isBackupDue(file, now()))) make();
    },
  };
}
