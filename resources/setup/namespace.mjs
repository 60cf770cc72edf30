/** @file A network namespace that has nothing but loopback, for the proof of offline: whether one can be made here, and how. */
import { spawnSync } from 'node:child_process';

import { onPath } from './paths.mjs';

/** Arguments of `unshare`; null when it is not permitted here or a tool is missing. */
export function namespace() {
  if (process.platform !== 'linux') return null;
  if (['unshare', 'ip', 'strace'].some((tool) => onPath(tool) === null)) return null;
  const ways = [
    ['--net', '--mount'],
    ['--net', '--mount', '--user', '--map-root-user'],
  ];
  return ways.find((way) => spawnSync('unshare', [...way, 'true'], { stdio: 'ignore' }).status === 0) ?? null;
}
