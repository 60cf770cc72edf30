/**
 * @file library.lock: who has the library open for writing. The second opener gets it read-only. A lock is stale when its
 * process is gone, or when it is older than this computer's last start (a power cut).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

import { z } from 'zod';

import { errorCode, translateDiskError } from '../../shared/domain/disk-error.ts';
import { sweepNow } from './leftovers.ts';

const lockContent = z.object({
  pid: z.number().int(),
  host: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  /** Linux's name for this start of the computer; null elsewhere. */
  boot: z.string().nullable(),
  token: z.string(),
});
export type LockHolder = z.infer<typeof lockContent>;

/** Where a library is open, and what to do; a whole sentence. */
export function heldWords({ host }: LockHolder): string {
  if (host === hostname())
    return 'This library is open in another window of this computer: close it there, then open it here again.';
  return `This library is open on the computer "${host}": close it there, then open it here again. If it is not open there (the computer was renamed, or this disk was taken from it), delete the file library.lock in the library's folder first.`;
}

export interface LibraryLock {
  /** Null: it is ours. Else who has it. */
  readonly heldBy: LockHolder | null;
  /** Gives it back; does nothing when it is not ours. */
  release(): void;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

function bootId(): string | null {
  return existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8').trim() : null;
}

/** Takes the lock where that is possible. @throws ServiceError READ_ONLY, DISK_FULL when the folder cannot be written */
export function takeLock(path: string, now: number): LibraryLock {
  const token = randomBytes(8).toString('hex');
  const mine: LockHolder = { pid: process.pid, host: hostname(), since: now, boot: bootId(), token };
  const draft = `${path}.${token}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600, flag: 'wx', flush: true });
    const heldBy = tryTake(draft, path, now);
    return { heldBy, release: () => heldBy ?? release(path, token) };
  } catch (error) {
    throw translateDiskError(error);
  } finally {
    sweepNow(draft);
  }
}

/**
 * True when `path` is now the draft, false when the name was taken. A hard link appears whole: no moment with an empty
 * lock. Where the disk has none (FAT), a file that must not exist does.
 */
function appears(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? '')) throw error;
  }
  try {
    writeFileSync(path, readFileSync(draft), { mode: 0o600, flag: 'wx', flush: true });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function tryTake(draft: string, path: string, now: number): LockHolder | null {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (appears(draft, path)) return null;
    const holder = readLock(path);
    if (holder !== null && !isStale(holder, now)) return holder;
    removeStale(path, holder);
  }
  return readLock(path) ?? { pid: 0, host: 'unknown', since: now, boot: null, token: '' };
}

/** Moves the stale lock aside, and back when it was not that one any more (another process was faster). */
function removeStale(path: string, stale: LockHolder | null): void {
  const aside = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readLock(aside);
  if (moved !== null && moved.token !== stale?.token) appears(aside, path);
  sweepNow(aside);
}

/** A lock that a failing disk keeps is put aside; where that fails too, it is stale once this process has ended. */
function release(path: string, token: string): void {
  if (readLock(path)?.token !== token || sweepNow(path)) return;
  try {
    renameSync(path, `${path}.${token}.tmp`);
  } catch {
    // as said above
  }
}

/** Who holds the lock file, or null when it is absent or unreadable (cut off by a crash of the disk). */
export function readLock(path: string): LockHolder | null {
  try {
    const parsed = lockContent.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function isStale(holder: LockHolder, now: number): boolean {
  if (holder.host !== hostname()) return false;
  const boot = bootId();
  if (boot !== null && holder.boot !== null) {
    if (boot !== holder.boot) return true;
  } else if (holder.since < now - uptime() * 1000 - 5000) {
    return true;
  }
  return !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM'; // it exists and belongs to someone else
  }
}
