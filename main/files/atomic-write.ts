/** @file Writing a file so that there is always the old or the new content, never half: temp → fsync → rename → fsync. */
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { realDisk, type Disk } from './disk.ts';

/** Every temporary file ends so; leftovers of a crash are removed when the library opens. */
export const TEMP_SUFFIX = '.tmp';

export interface AtomicWriteOptions {
  readonly mode?: number;
  readonly disk?: Disk;
}

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Writes `content` to `path`, replacing what is there. The folder must exist.
 * @throws ServiceError DISK_FULL, READ_ONLY; then `path` is as it was before
 */
export async function writeFileAtomic(
  path: string,
  content: Content,
  { mode = 0o600, disk = realDisk }: AtomicWriteOptions = {},
): Promise<void> {
  const dir = dirname(path);
  const temp = join(dir, `.${basename(path).slice(0, 80)}.${randomBytes(6).toString('hex')}${TEMP_SUFFIX}`);
  try {
    await writeWhole(disk, temp, content, mode);
    await disk.rename(temp, path);
    await disk.syncFolder(dir);
  } catch (error) {
    await disk.remove(temp).catch(() => undefined); // the first failure is the one to tell
    throw translateDiskError(error);
  }
}

async function writeWhole(disk: Disk, path: string, content: Content, mode: number): Promise<void> {
  const file = await disk.create(path, mode);
  try {
    if (content instanceof Uint8Array) await file.write(content);
    else for await (const chunk of content) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}
