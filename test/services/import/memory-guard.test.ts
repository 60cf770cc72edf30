/** @file A reader whose main thread never comes back ends when whoever asked for the film is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { expect, it, vi } from 'vitest';

const GUARD = new URL('../../../main/services/import/memory-guard.ts', import.meta.url);

/** Guarded by far more memory than it takes, then busy for ever. */
const READER = `
  import { writeSync } from 'node:fs';
  import { guardMemory } from ${JSON.stringify(GUARD.href)};
  guardMemory(64e9);
  setTimeout(() => {
    writeSync(1, process.pid + '\\n');
    for (;;);
  }, 1000);
`;
const PARENT = `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(READER)}], { stdio: ['ignore', 'inherit', 'inherit'] });
`;

/** Neither running nor waiting to be: an ended process may still have a number. */
function isGone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

it.skipIf(process.platform !== 'linux')(
  'a reader in an endless decoder does not outlive its parent',
  { timeout: 60_000 },
  async () => {
    const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const reader = Number(line);
    try {
      expect(isGone(reader)).toBe(false);
      parent.kill('SIGKILL');
      await vi.waitFor(() => expect(isGone(reader)).toBe(true), { timeout: 30_000, interval: 100 });
    } finally {
      if (!isGone(reader)) process.kill(reader, 'SIGKILL');
    }
  },
);
