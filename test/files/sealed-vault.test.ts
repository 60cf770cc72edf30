/** @file Sealed files: round trips of all lengths; no change, cut, exchange or other key goes unnoticed; nothing to read on the disk. */
import {
  copyFileSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  appendFileSync,
  mkdirSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { HEADER_BYTES, PIECE_BYTES } from '../../main/files/sealed-file.ts';
import { sealedVault } from '../../main/files/sealed-vault.ts';
import { failingDisk } from '../helpers/failing-disk.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const key = randomBytes(32);
const bytes = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 251));

function made() {
  const root = tempFolder();
  const path = join(root, 'film');
  return { root, path, vault: sealedVault({ root, key }) };
}

const lengths = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES + 77];

it.each(lengths)('gives back %i bytes, whole, in pieces and from any place', async (length) => {
  const { path, vault } = made();
  const content = bytes(length);
  await vault.write(path, content);
  expect(Buffer.compare(await vault.read(path), content)).toBe(0);
  expect(await vault.size(path)).toBe(length);
  const pieces: Uint8Array[] = [];
  for await (const piece of vault.stream(path)) pieces.push(piece);
  expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
  expect(Math.max(0, ...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(PIECE_BYTES);
  for (const at of [
    0,
    1,
    PIECE_BYTES - 3,
    PIECE_BYTES,
    2 * PIECE_BYTES - 1,
    length - 1,
    length,
    length + 9,
  ]) {
    if (at < 0) continue;
    const into = Buffer.alloc(PIECE_BYTES + 10);
    const read = await vault.readAt(path, at, into);
    expect(read).toBe(Math.max(0, Math.min(into.length, length - at)));
    expect(Buffer.compare(into.subarray(0, read), content.subarray(at, at + read))).toBe(0);
  }
});

it('writes pieces of any size as one content', async () => {
  const { path, vault } = made();
  const content = bytes(2 * PIECE_BYTES + 5);
  async function* parts() {
    for (let at = 0; at < content.length; at += 1000) yield content.subarray(at, at + 1000);
    await Promise.resolve();
  }
  await vault.write(path, parts());
  expect(Buffer.compare(await vault.read(path), content)).toBe(0);
});

it('leaves nothing to read, and the same content differs each time', async () => {
  const { path, vault } = made();
  const content = Buffer.from('Mustermann^Max '.repeat(9000));
  await vault.write(path, content);
  const first = readFileSync(path);
  expect(first.includes('Mustermann')).toBe(false);
  await vault.write(path, content);
  const second = readFileSync(path);
  expect(second.subarray(HEADER_BYTES).equals(first.subarray(HEADER_BYTES))).toBe(false);
});

describe('is refused, by name,', () => {
  const content = bytes(2 * PIECE_BYTES + 100);
  const refused = { code: 'CORRUPT_LIBRARY', message: expect.stringContaining('film') as string };

  it('with one bit changed in any part of the file', async () => {
    const { path, vault } = made();
    await vault.write(path, content);
    const whole = readFileSync(path);
    const sealedPiece = PIECE_BYTES + 16;
    const places = [
      0, 5, 7, // mark and version
      8, HEADER_BYTES - 1, // salt
      HEADER_BYTES, HEADER_BYTES + PIECE_BYTES - 1, HEADER_BYTES + PIECE_BYTES, // first piece and its tag
      HEADER_BYTES + sealedPiece + 9, HEADER_BYTES + 2 * sealedPiece - 1, // second
      HEADER_BYTES + 2 * sealedPiece, whole.length - 17, whole.length - 16, whole.length - 1, // last
    ]; // prettier-ignore
    for (const place of places) {
      const changed = Buffer.from(whole);
      changed[place] = (changed[place] ?? 0) ^ 1;
      writeFileSync(path, changed);
      await expect(vault.read(path), `byte ${place}`).rejects.toMatchObject(refused);
    }
    writeFileSync(path, whole);
    expect(Buffer.compare(await vault.read(path), content)).toBe(0);
  });

  it('cut at any place, even between two pieces, or with something after it', async () => {
    const { path, vault } = made();
    await vault.write(path, content);
    const whole = readFileSync(path);
    const sealedPiece = PIECE_BYTES + 16;
    const ends = [
      0, 7, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + 16, HEADER_BYTES + sealedPiece,
      HEADER_BYTES + 2 * sealedPiece, HEADER_BYTES + 2 * sealedPiece + 16, whole.length - 1,
    ]; // prettier-ignore
    for (const end of ends) {
      writeFileSync(path, whole);
      truncateSync(path, end);
      await expect(vault.read(path), `cut at ${end}`).rejects.toMatchObject(refused);
      await expect(vault.size(path), `cut at ${end}`).rejects.toMatchObject(refused);
    }
    for (const more of [1, 16, 17, sealedPiece]) {
      writeFileSync(path, whole);
      appendFileSync(path, Buffer.alloc(more));
      await expect(vault.read(path), `${more} more`).rejects.toMatchObject(refused);
    }
  });

  it('with two pieces that changed places', async () => {
    const { path, vault } = made();
    await vault.write(path, content);
    const whole = readFileSync(path);
    const piece = (number: number) =>
      whole.subarray(
        HEADER_BYTES + number * (PIECE_BYTES + 16),
        HEADER_BYTES + (number + 1) * (PIECE_BYTES + 16),
      );
    writeFileSync(path, Buffer.concat([whole.subarray(0, HEADER_BYTES), piece(1), piece(0), piece(2)]));
    await expect(vault.read(path)).rejects.toMatchObject(refused);
  });

  it('in the place of another file, with another key, or plain', async () => {
    const { root, path, vault } = made();
    await vault.write(join(root, 'other'), content);
    copyFileSync(join(root, 'other'), path);
    await expect(vault.read(path)).rejects.toMatchObject(refused);
    mkdirSync(join(root, 'runs'));
    renameSync(join(root, 'other'), join(root, 'runs', 'other'));
    expect(Buffer.compare(await vault.read(join(root, 'runs', 'other')), content)).toBe(0); // a folder that moves
    renameSync(join(root, 'runs', 'other'), join(root, 'runs', 'another'));
    await expect(vault.read(join(root, 'runs', 'another'))).rejects.toMatchObject({
      code: 'CORRUPT_LIBRARY',
    });

    await vault.write(path, content);
    const stranger = sealedVault({ root, key: randomBytes(32) });
    await expect(stranger.read(path)).rejects.toMatchObject(refused);

    writeFileSync(path, content);
    await expect(vault.read(path)).rejects.toMatchObject(refused);
  });
});

it('leaves what lies outside of the library as it is', async () => {
  const { vault } = made();
  const path = join(tempFolder(), 'scan.dcm');
  writeFileSync(path, 'a film on a stick');
  expect(Buffer.from(await vault.read(path)).toString()).toBe('a film on a stick');
  expect(await vault.size(path)).toBe(17);
  await vault.write(path, Buffer.from('taken away'));
  expect(readFileSync(path, 'utf8')).toBe('taken away');
});

it.each(['ENOSPC', 'EIO'])('%s at every operation: the old content or the new one opens', async (code) => {
  const probe = failingDisk(0);
  const { root, path } = made();
  await sealedVault({ root, key, disk: probe }).write(path, Buffer.from('new'));
  for (let failAt = 1; failAt <= probe.operations; failAt += 1) {
    const one = made();
    await one.vault.write(one.path, Buffer.from('old'));
    const failing = sealedVault({ root: one.root, key, disk: failingDisk(failAt, code) });
    await expect(failing.write(one.path, Buffer.from('new')), `operation ${failAt}`).rejects.toThrow();
    expect(['old', 'new']).toContain(Buffer.from(await one.vault.read(one.path)).toString());
  }
});
