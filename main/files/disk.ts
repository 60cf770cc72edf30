/** @file The few disk operations that everything written goes through, and their failures as words a person can act on. */
import { open, rename, rm, statfs } from 'node:fs/promises';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { formatBytes } from '../../shared/domain/numbers.ts';

/** A file being written; nothing reads it before it is renamed. */
export interface WritableFile {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The real disk, or one that fails on purpose in tests. */
export interface Disk {
  /** Makes a new file; fails when it exists. */
  create(path: string, mode: number): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes renames in `dir` last through a power cut. */
  syncFolder(dir: string): Promise<void>;
  freeBytes(dir: string): Promise<number>;
}

/** Space that is left for the database and the system, bytes. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

export const realDisk: Disk = {
  async create(path, mode) {
    const handle = await open(path, 'wx', mode);
    return {
      async write(bytes) {
        let offset = 0;
        while (offset < bytes.byteLength) {
          offset += (await handle.write(bytes, offset, bytes.byteLength - offset)).bytesWritten;
        }
      },
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  async syncFolder(dir) {
    if (process.platform === 'win32') return; // NTFS journals renames; a folder cannot be opened there
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async freeBytes(dir) {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  },
};

/** @throws ServiceError DISK_FULL when fewer than `bytes` and a reserve are free in `dir` */
export async function ensureSpace(disk: Disk, dir: string, bytes: number): Promise<void> {
  const free = await disk.freeBytes(dir);
  if (free >= bytes + RESERVE_BYTES) return;
  throw new ServiceError(
    'DISK_FULL',
    `The disk has ${formatBytes(free)} free and ${formatBytes(bytes + RESERVE_BYTES)} are needed.` +
      ' Nothing was written; free some space and try again.',
    { freeBytes: free, neededBytes: bytes + RESERVE_BYTES },
  );
}
