/**
 * @file Every call that creates, writes, syncs, renames, links, copies, cuts or removes fails once, or from there on, with ENOSPC or EIO: what is on
 * the disk afterwards is the old or the new state and whole, and a person was told in words. Real node:fs, in a process of its own.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';
import { z } from 'zod';

import { tempFolder } from '../helpers/temp-library.ts';
import { ALL_FAULTS } from './counts.ts';
import { DISK_TASKS } from './disk-tasks.ts';

const PROGRAM = join(import.meta.dirname, 'disk-program.ts');
const tasks = [...Object.keys(DISK_TASKS), 'checkpoint'];
const disks = ALL_FAULTS
  ? (['ENOSPC', 'EIO'] as const).flatMap((code) => [[code, 'once'] as const, [code, 'lasts'] as const])
  : ([
      ['ENOSPC', 'lasts'],
      ['EIO', 'once'],
    ] as const);
/** Each n-th call, where trying all of them takes long. */
const every = (task: string): number =>
  ALL_FAULTS ? 1 : ({ 'import of a film': 8, 'merge of a session package': 16, checkpoint: 3 }[task] ?? 1);
const verdict = z.object({
  calls: z.number(),
  tries: z.number(),
  failed: z.number(),
  old: z.number(),
  new: z.number(),
});

it.each(tasks.flatMap((task) => disks.map(([code, mode]) => [task, code, mode] as const)))(
  '%s with %s %s: old or new',
  async (task, code, mode) => {
    const args = [task, tempFolder(), code, mode, String(every(task))];
    // It ends with an error where a state is neither.
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args]);
    const { calls, tries, failed, ...ends } = verdict.parse(JSON.parse(stdout));
    expect(calls).toBeGreaterThanOrEqual(5);
    expect(failed).toBe(tries); // nothing was passed over in silence
    expect(ends.old).toBeGreaterThan(0);
    expect(ends.old + ends.new).toBe(tries + 1);
  },
);
