/** @file A real disk of a few megabytes: a tmpfs, where this user may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

import { onTestFinished } from 'vitest';

function mount(...args: string[]): string | null {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.trim();
}

/** Mounts `megabytes` at `dir` until the test ends. @returns null, or why that is not possible here */
export function mountSmallDisk(dir: string, megabytes: number): string | null {
  if (process.platform !== 'linux') return 'a tmpfs can be mounted on Linux only';
  mkdirSync(dir, { recursive: true });
  const refused = mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', dir);
  if (refused === null) onTestFinished(() => void spawnSync('umount', ['--lazy', dir]));
  return refused;
}

/** Gives a mounted disk more room. @throws Error */
export function enlargeDisk(dir: string, megabytes: number): void {
  const refused = mount('-o', `remount,size=${megabytes}m`, dir);
  if (refused !== null) throw new Error(refused);
}
