/** @file The reader and writer of a library's files: whole, in pieces, from any place; old or new when the disk fails. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { plainVault, readText } from '../../main/files/vault.ts';
import { failingDisk } from '../helpers/failing-disk.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const content = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31) % 251);

it('gives back what was put in, whole, in pieces, and from any place', async () => {
  const vault = plainVault();
  const path = join(tempFolder(), 'file');
  await vault.write(path, content);
  expect(Buffer.compare(await vault.read(path), content)).toBe(0);
  const pieces: Uint8Array[] = [];
  for await (const piece of vault.stream(path)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
  expect(await vault.size(path)).toBe(content.length);

  const into = new Uint8Array(1000);
  expect(await vault.readAt(path, 65_000, into)).toBe(1000);
  expect(into).toEqual(content.slice(65_000, 66_000));
  expect(await vault.readAt(path, content.length - 10, into)).toBe(10);
  expect(into.slice(0, 10)).toEqual(content.slice(-10));
  expect(await vault.readAt(path, content.length, into)).toBe(0);
});

it('writes what comes in pieces, with the mode that is asked for', async () => {
  const path = join(tempFolder(), 'file');
  async function* pieces() {
    yield Buffer.from('Lungen');
    await Promise.resolve();
    yield Buffer.from('flügel');
  }
  await plainVault().write(path, pieces(), 0o400);
  expect(await readText(plainVault(), path)).toBe('Lungenflügel');
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o400);
});

it('says what Node says of a file that is not there', async () => {
  const path = join(tempFolder(), 'absent');
  const vault = plainVault();
  for (const reading of [
    () => vault.read(path),
    () => vault.size(path),
    () => vault.readAt(path, 0, new Uint8Array(1)),
  ]) {
    await expect(reading()).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

it('leaves the old content when the disk fails', async () => {
  const path = join(tempFolder(), 'file');
  await plainVault().write(path, Buffer.from('old'));
  await expect(plainVault(failingDisk(2)).write(path, Buffer.from('new'))).rejects.toMatchObject({
    code: 'DISK_FULL',
  });
  expect(readFileSync(path, 'utf8')).toBe('old');
});
