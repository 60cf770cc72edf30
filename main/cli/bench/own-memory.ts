/** @file The memory that is a process's own, followed from outside while it works, so that every process is measured alike. */
import { readFileSync } from 'node:fs';

/** Steps take longer than this, ms; a look takes some hundredths of one. */
const EVERY_MS = 20;

/** Resident bytes that are not pages of files (proc_pid_status(5), RssAnon and RssShmem); null where the system does not say. */
export function ownBytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const held = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, kilobytes]) =>
      Number(kilobytes),
    );
    return held.length === 0 ? null : held.reduce((sum, one) => sum + one, 0) * 1024;
  } catch {
    return null;
  }
}

export interface OwnMemory {
  /** The most that it held at any look since; null where the system does not say. */
  most(): number | null;
  stop(): void;
}

/** Keeps no program alive. */
export function followOwnMemory(process: { readonly pid?: number | undefined }): OwnMemory {
  let most: number | null = null;
  const look = (): void => {
    const now = process.pid === undefined ? null : ownBytes(process.pid);
    if (now !== null) most = Math.max(most ?? 0, now);
  };
  const timer = setInterval(look, EVERY_MS).unref();
  return {
    most() {
      look();
      return most;
    },
    stop: () => clearInterval(timer),
  };
}
