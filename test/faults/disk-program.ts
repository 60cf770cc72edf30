/**
 * @file Run as its own process: does one task over and over, each time with the next call of node:fs failing, until nothing is
 * left to fail, and judges what is on the disk after each. Arguments: TASK FOLDER CODE once|lasts EVERY. Prints one line of JSON.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Before anything that takes functions out of node:fs.
import { errorCode } from '../../shared/domain/disk-error.ts';
import { arm, disarm, failedRemovals, type FaultPlan } from './failing-fs.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { DISK_TASKS, type DiskTask } from './disk-tasks.ts';

const [name = '', folder = '', code = 'ENOSPC', mode = 'once', every = '1'] = process.argv.slice(2);

async function taskOf(): Promise<DiskTask> {
  // The engine takes a second to load: only where it is needed.
  if (name === 'checkpoint') return (await import('./checkpoint-task.ts')).checkpointTask;
  const task = (DISK_TASKS as Readonly<Record<string, DiskTask>>)[name];
  if (task === undefined) throw new Error(`there is no task "${name}"`);
  return task;
}

const task = await taskOf();
const ends = { old: 0, new: 0 };

/** One try. @returns the calls that it made, and what it ended with */
async function attempt(
  failAt: number,
): Promise<{ readonly calls: readonly string[]; readonly error: unknown }> {
  const dir = join(folder, `try-${failAt}`);
  mkdirSync(dir);
  await task.prepare(dir);
  const plan: FaultPlan = { failAt, code: code as FaultPlan['code'], lasts: mode === 'lasts', under: dir };
  arm(plan);
  let error: unknown = null;
  try {
    await task.act(dir);
  } catch (caught) {
    error = caught;
  }
  const removalsFailed = failedRemovals() > 0;
  const calls = disarm();
  // The lock that could not be given back is one of a process that is gone, as after an app on such a disk has ended.
  if (removalsFailed) rmSync(join(dir, 'library', 'library.lock'), { force: true });
  const where = `call ${failAt} (${calls[failAt - 1] ?? 'none'})`;
  try {
    // A person gets a sentence and a code, never a raw error of the system.
    const known = error instanceof ServiceError || errorCode(error) === 'DISK_FULL';
    if (error !== null && !known) throw new Error('not told in words', { cause: error });
    const end = await task.judge(dir, removalsFailed);
    if (error === null && failAt === 0 && end !== 'new')
      throw new Error('nothing failed, and nothing is new');
    ends[end] += 1;
  } catch (verdict) {
    throw new Error(`${where}: ${verdict instanceof Error ? verdict.message : String(verdict)}`, {
      cause: verdict,
    });
  }
  rmSync(dir, { recursive: true, force: true });
  return { calls, error };
}

const { calls } = await attempt(0);
let failed = 0;
let tries = 0;
for (let failAt = 1; failAt <= calls.length; failAt += Number(every)) {
  const { error } = await attempt(failAt);
  tries += 1;
  const call = calls[failAt - 1] ?? '';
  // What could not be taken away is taken away later; that it does no harm is judged.
  failed += Number(error !== null || call.startsWith('rm ') || task.beside?.test(call) === true);
}
process.stdout.write(`${JSON.stringify({ calls: calls.length, tries, failed, ...ends })}\n`);
