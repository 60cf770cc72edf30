/** @file A real disk whose n-th operation fails, to try every point at which a disk can. */
import { realDisk, type Disk } from '../../main/files/disk.ts';

export interface FailingDisk extends Disk {
  /** Operations asked for so far. */
  readonly operations: number;
}

/** `failAt` counts from 1; 0 = never. `code` as Node.js names it. */
export function failingDisk(failAt: number, code = 'ENOSPC'): FailingDisk {
  let operations = 0;
  const step = (): void => {
    operations += 1;
    if (operations === failAt) throw Object.assign(new Error(`${code}: made to fail`), { code });
  };
  return {
    get operations() {
      return operations;
    },
    async create(path, mode) {
      step();
      const file = await realDisk.create(path, mode);
      return {
        async write(bytes) {
          // Half of the bytes reach the disk before it fails, as they would.
          if (operations + 1 === failAt) await file.write(bytes.subarray(0, bytes.byteLength >> 1));
          step();
          await file.write(bytes);
        },
        async sync() {
          step();
          await file.sync();
        },
        close: () => file.close(),
      };
    },
    async rename(from, to) {
      step();
      await realDisk.rename(from, to);
    },
    remove: (path) => realDisk.remove(path),
    async syncFolder(dir) {
      step();
      await realDisk.syncFolder(dir);
    },
    freeBytes: (dir) => realDisk.freeBytes(dir),
  };
}
