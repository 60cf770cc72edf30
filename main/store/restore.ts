/**
 * @file A copy takes the place of the database: by itself when the database is damaged, or because a person goes back to an
 * older state. What was there before is kept. Cut off at any point, the next start finds the old or the new state, never an
 * empty library.
 */
import { copyFileSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { copyInto, copyPath, isSound, listBackups, remove, removeOlder, sync, syncFolder } from './backup.ts';
import type { Db } from './connection.ts';
import type { DatabaseKey } from './driver.ts';

/** What took the place of the database. */
export interface Restored {
  readonly why: 'damaged' | 'asked';
  /** When the copy in use was made. */
  readonly at: number;
  /** Path of what was there before. */
  readonly kept: string;
}

const LOGS = ['-wal', '-shm'] as const;

/** A copy on its way into the place of a damaged database: `restoring-<made>-<now>`; from this name on it goes forward. */
const PENDING = /^restoring-(\d+)-(\d+)$/;

/**
 * Puts the newest sound copy in the place of a damaged database, which is kept. Null when there is none; then nothing was
 * changed.
 */
export function restoreBackup(file: string, now: number, key: DatabaseKey): Restored | null {
  const backups = listBackups(file);
  // What a person went back from is the last resort.
  const [replaced, others] = [true, false].map((wanted) =>
    backups.filter(({ kind }) => (kind === 'replaced') === wanted),
  );
  const sound = [...(others ?? []), ...(replaced ?? [])].find(({ path }) => isSound(path, key));
  if (sound === undefined) return null;
  placeDraft(sound.path, `${file}.restored.tmp`, `${file}.restoring-${sound.at}-${now}`);
  return finishRestoring(file);
}

/** A whole copy of `source` at `target`, by way of `draft`. */
function placeDraft(source: string, draft: string, target: string): void {
  try {
    copyFileSync(source, draft);
    sync(draft);
    renameSync(draft, target);
    syncFolder(dirname(target));
  } finally {
    remove(draft);
  }
}

/** Ends what `restoreBackup` began, also in an earlier session that was cut off. Null = nothing was on its way. */
export function finishRestoring(file: string): Restored | null {
  const prefix = `${basename(file)}.`;
  if (!existsSync(dirname(file))) return null;
  const pending = readdirSync(dirname(file)).find(
    (name) => name.startsWith(prefix) && PENDING.test(name.slice(prefix.length)),
  );
  const [, made, began] = PENDING.exec(pending?.slice(prefix.length) ?? '') ?? [];
  if (pending === undefined || made === undefined || began === undefined) return null;
  const kept = `${file}.damaged-${began}`;
  for (const suffix of ['', ...LOGS]) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${kept}${suffix}`);
  }
  renameSync(join(dirname(file), pending), file);
  syncFolder(dirname(file));
  return { why: 'damaged', at: Number(made), kept };
}

/**
 * Goes back to the copy `id`: the open database is copied beside it, closed, and the copy takes its place.
 * @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY (the copy is damaged), BUSY; then nothing was changed
 */
export function goBack(db: Db, file: string, id: string, now: number, key: DatabaseKey): Restored {
  const copy = listBackups(file).find((one) => one.id === id);
  if (copy === undefined) {
    throw new ServiceError('NOT_FOUND', 'This copy is not there any more. Nothing was changed.', { id });
  }
  if (!isSound(copy.path, key)) {
    throw new ServiceError(
      'CORRUPT_LIBRARY',
      'This copy is damaged. Nothing was changed; choose another copy.',
      { id },
    );
  }
  const kept = copyPath(file, 'replaced', now);
  const draft = `${file}.restored.tmp`;
  copyInto(db, kept);
  db.close();
  // The last one to close removes the log. One that is left would be taken for the copy's.
  if (LOGS.some((suffix) => existsSync(`${file}${suffix}`))) {
    throw new ServiceError(
      'BUSY',
      'Another program is looking at this library. Nothing was changed; close it and try again.',
      { id },
    );
  }
  placeDraft(copy.path, draft, file);
  removeOlder(file, 'replaced', kept, now);
  return { why: 'asked', at: copy.at, kept };
}
