/** @file A write ends in the old or the new content, whichever operation fails; and nothing is left over. */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { writeFileAtomic } from '../../main/files/atomic-write.ts';
import { ensureSpace, realDisk } from '../../main/files/disk.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { failingDisk } from '../helpers/failing-disk.ts';
import { tempFolder } from '../helpers/temp-library.ts';

it('writes the content, readable by the owner only', async () => {
  const path = join(tempFolder(), 'file');
  await writeFileAtomic(path, Buffer.from('new'));
  expect(readFileSync(path, 'utf8')).toBe('new');
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('writes a stream chunk by chunk', async () => {
  const path = join(tempFolder(), 'file');
  await writeFileAtomic(
    path,
    (async function* () {
      yield Buffer.from('a');
      yield Buffer.from('b');
      await Promise.resolve();
    })(),
  );
  expect(readFileSync(path, 'utf8')).toBe('ab');
});

it.each(['ENOSPC', 'EIO', 'EROFS'])('%s at every operation: old or new, nothing left over', async (code) => {
  const whole = failingDisk(0);
  await writeFileAtomic(join(tempFolder(), 'file'), Buffer.from('new'), { disk: whole });
  expect(whole.operations).toBeGreaterThanOrEqual(5);
  for (let failAt = 1; failAt <= whole.operations; failAt++) {
    const dir = tempFolder();
    const path = join(dir, 'file');
    writeFileSync(path, 'old');
    const error: unknown = await writeFileAtomic(path, Buffer.from('new'), {
      disk: failingDisk(failAt, code),
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ServiceError);
    expect((error as ServiceError).code).toBe(code === 'EROFS' ? 'READ_ONLY' : 'DISK_FULL');
    // Only the last step, making the rename last, may fail with the new content in place.
    expect(readFileSync(path, 'utf8')).toBe(failAt === whole.operations ? 'new' : 'old');
    expect(readdirSync(dir)).toEqual(['file']);
  }
});

it('a stream that breaks off leaves the old content', async () => {
  const dir = tempFolder();
  const path = join(dir, 'file');
  writeFileSync(path, 'old');
  const broken = (async function* () {
    yield Buffer.from('ne');
    await Promise.resolve();
    throw new Error('cut off');
  })();
  await expect(writeFileAtomic(path, broken)).rejects.toThrow('cut off');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(dir)).toEqual(['file']);
});

it('names the space that is free and needed', async () => {
  const disk = { ...realDisk, freeBytes: () => Promise.resolve(100_000_000) };
  await expect(ensureSpace(disk, '/', 10_000_000)).resolves.toBeUndefined();
  await expect(ensureSpace(disk, '/', 90_000_000)).rejects.toThrow(/100 MB free and 157 MB/);
});
