/** @file Artifacts: addressed by content, written once, never half there. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createArtifactFiles, sha256Of } from '../../main/files/artifacts.ts';
import { plainVault } from '../../main/files/vault.ts';
import { failingDisk } from '../helpers/failing-disk.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const content = Buffer.from('a film');
const address = sha256Of(content);

it('stores under its hash and reads it back', async () => {
  const root = tempFolder();
  const artifacts = createArtifactFiles(root, plainVault(failingDisk(0)));
  expect(await artifacts.put(content)).toEqual({ sha256: address, bytes: 6 });
  expect(artifacts.path(address)).toBe(join(root, address.slice(0, 2), address));
  expect(Buffer.from(await artifacts.read(address)).toString()).toBe('a film');
  expect(await artifacts.actualHash(address)).toBe(address);
  expect(await artifacts.list()).toEqual([address]);
});

it('does not write the same content again', async () => {
  const disk = failingDisk(0);
  const artifacts = createArtifactFiles(tempFolder(), plainVault(disk));
  await artifacts.put(content);
  const { operations } = disk;
  const before = statSync(artifacts.path(address)).ino;
  await artifacts.put(content);
  expect(disk.operations).toBe(operations);
  expect(statSync(artifacts.path(address)).ino).toBe(before);
});

it('writes again what was cut short or has changed', async () => {
  const artifacts = createArtifactFiles(tempFolder(), plainVault(failingDisk(0)));
  await artifacts.put(content);
  chmodSync(artifacts.path(address), 0o600);
  truncateSync(artifacts.path(address), 3);
  expect(await artifacts.actualHash(address)).not.toBe(address);
  await artifacts.put(content);
  expect(readFileSync(artifacts.path(address), 'utf8')).toBe('a film');
  chmodSync(artifacts.path(address), 0o600);
  writeFileSync(artifacts.path(address), 'a filn');
  await artifacts.put(content);
  expect(readFileSync(artifacts.path(address), 'utf8')).toBe('a film');
});

it('is whole or absent when any operation fails', async () => {
  const probe = failingDisk(0);
  await createArtifactFiles(tempFolder(), plainVault(probe)).put(content);
  for (let failAt = 1; failAt < probe.operations; failAt++) {
    const root = tempFolder();
    const artifacts = createArtifactFiles(root, plainVault(failingDisk(failAt)));
    await expect(artifacts.put(content)).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(existsSync(artifacts.path(address))).toBe(false);
    expect(
      readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
    ).toEqual([]);
  }
});

it('says what to do when one is missing', async () => {
  const artifacts = createArtifactFiles(tempFolder(), plainVault(failingDisk(0)));
  await expect(artifacts.read(address)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await artifacts.actualHash(address)).toBeNull();
  expect(() => artifacts.path('../../etc/passwd')).toThrow(/SHA-256/);
});
