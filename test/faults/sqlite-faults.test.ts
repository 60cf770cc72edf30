/**
 * @file The database's own calls to the system fail, which node:fs does not see: strace lets the n-th write, sync, cut, rename or
 * removal of a process fail. What was acknowledged is kept, no transaction is there by half, the copies are sound.
 */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { isSound, listBackups } from '../../main/store/backup.ts';
import { openStore } from '../../main/store/store.ts';
import { tempFolder } from '../helpers/temp-library.ts';
import { ALL_FAULTS, chance } from './counts.ts';

const PROGRAM = join(import.meta.dirname, 'sqlite-program.ts');
const CALLS = ['pwrite64', 'fsync', 'ftruncate', 'rename', 'unlink'] as const;
const TRIES = 3;
const run = promisify(execFile);

function whyNot(): string | null {
  const { status, error, stderr } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], {
    encoding: 'utf8',
  });
  if (error !== undefined) return 'strace is not installed';
  return status === 0 ? null : `strace may not trace here: ${stderr.trim()}`;
}

/** Runs the program under strace; `inject` as strace names it. @returns its lines, and those of strace */
async function traced(file: string, call: string, inject: string | null) {
  const log = `${file}.trace`;
  const injected = inject === null ? [] : ['-e', `inject=${call}:${inject}`];
  const args = ['-f', '-qq', '-o', log, '-e', `trace=${call}`, ...injected];
  const { stdout } = await run('strace', [...args, process.execPath, PROGRAM, file]);
  return { told: stdout.trim().split('\n'), trace: readFileSync(log, 'utf8').trim().split('\n') };
}

function judge(file: string, told: readonly string[]): void {
  const last = told.filter((line) => line.startsWith('kept')).at(-1);
  const acknowledged = Number(last?.split(' ')[1] ?? 1);
  const store = openStore(file, { clock: Date });
  try {
    expect(store.restored).toBeNull();
    expect(store.check()).toEqual([]);
    const { ok, entries } = store.audit.verify();
    expect(ok).toBe(true);
    expect(entries).toBeGreaterThanOrEqual(acknowledged);
    // A transaction is there whole: its setting tells the entry that it came with.
    expect(store.settings.get('last') ?? 1).toBe(entries);
  } finally {
    store.close();
  }
  for (const { path } of listBackups(file)) expect(isSound(path, null)).toBe(true);
}

const disks = [
  ['ENOSPC', 'once'],
  ['EIO', 'from there on'],
] as const;

it.each(disks)('keeps what it acknowledged: %s %s', { timeout: 3_600_000 }, async (code, mode) => {
  const why = whyNot();
  if (why !== null) {
    process.stdout.write(`not tried: ${why}\n`);
    return;
  }
  const folder = tempFolder();
  const before = join(folder, 'before');
  mkdirSync(before);
  const store = openStore(join(before, 'library.db'), { clock: Date });
  store.audit.append({ at: 1, actor: 'test', action: 'open', subject: '', detail: {} });
  store.close();
  const random = chance();
  let refused = 0;
  for (const call of CALLS) {
    const whole = join(folder, `whole-${call}`);
    cpSync(before, whole, { recursive: true });
    const { told, trace } = await traced(join(whole, 'library.db'), call, null);
    expect(told).toEqual(['kept 2', 'kept 3', 'kept 4', 'kept 5', 'copied', 'closed']);
    const all = trace.map((_, index) => index + 1);
    const chosen = ALL_FAULTS
      ? all
      : Array.from({ length: TRIES }, () => 1 + Math.floor(random() * all.length));
    for (const at of chosen) {
      const dir = join(folder, `${call}-${at}`);
      cpSync(before, dir, { recursive: true });
      const file = join(dir, 'library.db');
      const when = mode === 'once' ? `${at}` : `${at}+`;
      const { told: said } = await traced(file, call, `error=${code}:when=${when}`);
      refused += Number(said.some((line) => line.startsWith('refused')));
      judge(file, said);
    }
  }
  expect(refused).toBeGreaterThan(0);
});
