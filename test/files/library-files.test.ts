/** @file The library's folder: made whole, key kept, leftovers of a crash cleaned, second opener read-only, uploads. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openLibraryFiles } from '../../main/files/library-files.ts';
import { failingDisk } from '../helpers/failing-disk.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const clock = testClock();

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await Promise.resolve();
    yield Buffer.from(text);
  }
}

it('makes the folders and a key of 32 bytes that only the owner reads', async () => {
  const dir = join(tempFolder(), 'new', 'library');
  const files = await openLibraryFiles(dir, { clock });
  expect(readdirSync(dir).sort()).toEqual([
    'artifacts',
    'exports',
    'knowledge',
    'library.key',
    'library.lock',
    'previews',
    'reports',
    'runs',
    'tmp',
    'uploads',
  ]);
  expect(readFileSync(join(dir, 'library.key'))).toHaveLength(32);
  if (process.platform !== 'win32') expect(statSync(join(dir, 'library.key')).mode & 0o777).toBe(0o600);
  files.close();
  expect(existsSync(join(dir, 'library.lock'))).toBe(false);
});

describe('patients', () => {
  it('get the same key again after reopening, another one in another library, none that can be told from outside', async () => {
    const dir = join(tempFolder(), 'library');
    const first = await openLibraryFiles(dir, { clock });
    const key = first.patientHash('patient', 'MRN-7');
    expect(first.patientHash('patient', ' MRN-7 ')).toBe(key);
    expect(first.patientHash('film', 'MRN-7')).not.toBe(key);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    first.close();
    const again = await openLibraryFiles(dir, { clock });
    expect(again.patientHash('patient', 'MRN-7')).toBe(key);
    again.close();
    const other = await openLibraryFiles(join(tempFolder(), 'library'), { clock });
    expect(other.patientHash('patient', 'MRN-7')).not.toBe(key);
    other.close();
  });

  it('are not parted from their films by a new key when the old one is lost', async () => {
    const dir = join(tempFolder(), 'library');
    (await openLibraryFiles(dir, { clock })).close();
    writeFileSync(join(dir, 'library.db'), 'rows');
    rmSync(join(dir, 'library.key'));
    await expect(openLibraryFiles(dir, { clock })).rejects.toMatchObject({ code: 'CORRUPT_LIBRARY' });
    expect(existsSync(join(dir, 'library.key'))).toBe(false);
    expect(existsSync(join(dir, 'library.lock'))).toBe(false);
  });
});

it('cleans what a crash left, and nothing else', async () => {
  const dir = join(tempFolder(), 'library');
  (await openLibraryFiles(dir, { clock })).close();
  mkdirSync(join(dir, 'artifacts', 'ab'));
  mkdirSync(join(dir, 'runs', 'run-1'));
  mkdirSync(join(dir, 'uploads', 'upload-1'));
  const stale = [
    'artifacts/ab/.abc.123.tmp',
    'runs/run-1/.last.safetensors.1.tmp',
    'tmp/x',
    'uploads/upload-1/a.dcm',
  ];
  const kept = ['artifacts/ab/abc', 'runs/run-1/last.safetensors', 'library.db'];
  for (const name of [...stale, ...kept]) writeFileSync(join(dir, name), 'x');
  (await openLibraryFiles(dir, { clock })).close();
  expect(stale.filter((name) => existsSync(join(dir, name)))).toEqual([]);
  expect(kept.filter((name) => existsSync(join(dir, name)))).toEqual(kept);
});

it('is read-only for the second opener, who may not write and cleans nothing', async () => {
  const dir = join(tempFolder(), 'library');
  const first = await openLibraryFiles(dir, { clock });
  writeFileSync(join(dir, 'tmp', 'work'), 'x');
  const second = await openLibraryFiles(dir, { clock });
  expect(second.readOnly).toBe(true);
  expect(second.lockedBy?.pid).toBe(process.pid);
  expect(existsSync(join(dir, 'tmp', 'work'))).toBe(true);
  await expect(second.artifacts.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'READ_ONLY' });
  await expect(second.uploads.save('upload-0001', 'a', chunks('x'), null)).rejects.toMatchObject({
    code: 'READ_ONLY',
  });
  second.close();
  expect(existsSync(join(dir, 'library.lock'))).toBe(true);
  first.close();
});

describe('uploads', () => {
  async function opened(disk = failingDisk(0)) {
    const dir = join(tempFolder(), 'library');
    return { dir, files: await openLibraryFiles(dir, { clock, disk }) };
  }

  it('are stored whole under their names', async () => {
    const { dir, files } = await opened();
    await files.uploads.save('upload-0001', 'folder/film.dcm', chunks('ab', 'c'), 3);
    expect(readFileSync(join(dir, 'uploads/upload-0001/folder/film.dcm'), 'utf8')).toBe('abc');
    expect(await files.uploads.folder('upload-0001')).toBe(join(dir, 'uploads/upload-0001'));
    await files.uploads.discard('upload-0001');
    await expect(files.uploads.folder('upload-0001')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    files.close();
  });

  it.each(['../x', 'a/../../x', '/etc/x', 'a//b', '.', 'C:\\x', 'a\\..\\..\\x', 'con?', 'a\u0000b', 'dot.'])(
    'never leave their folder: %j',
    async (name) => {
      const { files } = await opened();
      await expect(files.uploads.save('upload-0001', name, chunks('x'), null)).rejects.toMatchObject({
        code: 'BAD_INPUT',
      });
      files.close();
    },
  );

  it('are absent when they are cut off or the disk fails', async () => {
    const { dir, files } = await opened();
    await expect(files.uploads.save('upload-0001', 'a.dcm', chunks('ab'), 5)).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    expect(readdirSync(join(dir, 'uploads/upload-0001'))).toEqual([]);
    files.close();
  });
});
