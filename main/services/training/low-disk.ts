/** @file How much room a run needs on the disk to keep what it has learnt, and what is said when there is less. */
import type { RunConfig } from '../../../shared/contract/training.ts';
import { formatBytes } from '../../../shared/domain/numbers.ts';
import { RESERVE_BYTES } from '../../files/disk.ts';
import { parameterCount, vitOfRun } from '../../numeric/vit/config.ts';

/** Room for one more checkpoint beside those that are there, for the best weights, and for the database, bytes. */
export function roomForCheckpoint(config: RunConfig): number {
  const weightBytes = parameterCount(vitOfRun(config)) * 4;
  // Weights and two moments, perhaps an average; and the weights of the best epoch.
  const copies = (config.recipe.emaDecay === null ? 3 : 4) + 1;
  return weightBytes * copies + RESERVE_BYTES;
}

/** Why a run was paused, or does not begin. */
export function lowDisk(freeBytes: number, neededBytes: number): { code: 'DISK_FULL'; message: string } {
  return {
    code: 'DISK_FULL',
    message:
      `The disk is nearly full: ${formatBytes(freeBytes)} are free, and the next checkpoint needs ${formatBytes(neededBytes)}.` +
      ' The run was paused while it could still be saved; nothing is lost. Free some space and resume it.',
  };
}
