/** @file Leftovers of interrupted runs: `NAME.partial-PID` whose process is gone are removed, living ones left alone. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Name under which this process builds something before it is moved into place. */
export function partialName(name) {
  return `${name}.partial-${process.pid}`;
}

/** Removes what dead processes left in `folder`. */
export function sweepPartials(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const pid = Number(/\.partial-(\d+)$/.exec(name)?.[1] ?? NaN);
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
