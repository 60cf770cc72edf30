/** @file library.lock: one writer; a lock of a process or a start of the computer that is gone counts for nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readLock, takeLock, type LockHolder } from '../../main/files/library-lock.ts';
import { tempFolder } from '../helpers/temp-library.ts';

function lockFile(holder: Partial<LockHolder> | string): string {
  const path = join(tempFolder(), 'library.lock');
  const whole = { pid: process.pid, host: hostname(), since: Date.now(), boot: null, token: 'theirs' };
  writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify({ ...whole, ...holder }));
  return path;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

it('goes to the first; the second learns who has it; released, it can be taken', () => {
  const path = join(tempFolder(), 'library.lock');
  const first = takeLock(path, 5);
  expect(first.heldBy).toBeNull();
  const second = takeLock(path, 6);
  expect(second.heldBy).toMatchObject({ pid: process.pid, host: hostname(), since: 5 });
  second.release();
  expect(readLock(path)).not.toBeNull();
  first.release();
  expect(readLock(path)).toBeNull();
  expect(takeLock(path, 7).heldBy).toBeNull();
});

it('takes over from a process that is gone', async () => {
  const path = lockFile({ pid: await deadPid() });
  expect(takeLock(path, Date.now()).heldBy).toBeNull();
  expect(readLock(path)?.pid).toBe(process.pid);
});

it('takes over after a power cut, even when another process has the old number now', () => {
  const before = Date.now() - uptime() * 1000 - 60_000;
  expect(takeLock(lockFile({ since: before }), Date.now()).heldBy).toBeNull();
  if (process.platform === 'linux') {
    expect(takeLock(lockFile({ boot: 'another start' }), Date.now()).heldBy).toBeNull();
  }
});

it('respects a lock from another computer', async () => {
  const path = lockFile({ pid: await deadPid(), host: 'another-computer' });
  expect(takeLock(path, Date.now()).heldBy?.host).toBe('another-computer');
  expect(readFileSync(path, 'utf8')).toContain('theirs');
});

it('takes over a lock that says nothing', () => {
  for (const content of ['', '{', '{"pid":"x"}'])
    expect(takeLock(lockFile(content), Date.now()).heldBy).toBeNull();
});

it('leaves no drafts behind', async () => {
  const path = lockFile({ pid: await deadPid() });
  takeLock(path, Date.now());
  expect(readdirSync(join(path, '..'))).toEqual(['library.lock']);
});
