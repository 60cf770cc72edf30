/** @file A library's key comes out with its passphrase or its recovery key, with nothing else, and not from a changed file. */
import { argon2Sync, randomBytes } from 'node:crypto';

import { argon2idAsync } from '@noble/hashes/argon2.js';
import { expect, it } from 'vitest';

import {
  isRecoveryKept,
  makeKeys,
  printedRecoveryKey,
  readRecoveryKey,
  unlock,
  withPassphrase,
  withRecoveryKept,
  withRecoveryKey,
  withState,
} from '../../main/files/key-slots.ts';

const passphrase = 'Lunge Herz Rippe Zwerchfell';

it('opens with the passphrase or the recovery key', async () => {
  const { file, libraryKey, recoveryKey } = await makeKeys(passphrase);
  expect(libraryKey).toHaveLength(32);
  expect(await unlock(file, { passphrase })).toEqual(libraryKey);
  expect(await unlock(file, { recoveryKey })).toEqual(libraryKey);
  expect(Buffer.from(file).includes(Buffer.from(libraryKey).toString('base64'))).toBe(false);
  expect(recoveryKey).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/);
});

it('opens with nothing else', async () => {
  const { file } = await makeKeys(passphrase);
  const other = await makeKeys(passphrase);
  await expect(unlock(file, { passphrase: `${passphrase} ` })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await expect(unlock(file, { recoveryKey: other.recoveryKey })).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
  });
  await expect(makeKeys('short')).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

it('takes another passphrase; the old one no longer opens, the recovery key does', async () => {
  const { file, libraryKey, recoveryKey } = await makeKeys(passphrase);
  const changed = await withPassphrase(file, { recoveryKey }, 'Sternum Clavicula Hilus');
  expect(await unlock(changed, { passphrase: 'Sternum Clavicula Hilus' })).toEqual(libraryKey);
  expect(await unlock(changed, { recoveryKey })).toEqual(libraryKey);
  await expect(unlock(changed, { passphrase })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});

it('knows whether anybody has said that they keep the recovery key, of a new one again', async () => {
  const { file } = await makeKeys(passphrase);
  expect(isRecoveryKept(file)).toBe(false);
  const kept = withRecoveryKept(file);
  expect(isRecoveryKept(kept)).toBe(true);
  expect(isRecoveryKept(withState(kept, 'decrypting'))).toBe(true);
  expect(isRecoveryKept(withState(file, 'encrypted'))).toBe(false);
  expect(isRecoveryKept((await withRecoveryKey(kept, { passphrase })).file)).toBe(false);
});

it('reads a recovery key as people type it, and tells every mistyped letter', async () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, index) => index * 13);
  const printed = printedRecoveryKey(bytes);
  expect(readRecoveryKey(printed)).toEqual(bytes);
  expect(
    readRecoveryKey(printed.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')),
  ).toEqual(bytes);
  for (let at = 0; at < printed.length; at += 1) {
    if (printed[at] === '-') continue;
    const wrong = `${printed.slice(0, at)}${printed[at] === '7' ? '8' : '7'}${printed.slice(at + 1)}`;
    expect(() => readRecoveryKey(wrong), wrong).toThrow(/nine groups/);
  }
  expect(() => readRecoveryKey(printed.slice(0, -1))).toThrow(/nine groups/);
  await Promise.resolve();
});

it('does not open from a file that was changed, or that asks for too much', async () => {
  const { file } = await makeKeys(passphrase);
  const slots = JSON.parse(Buffer.from(file).toString()) as Record<string, Record<string, unknown>>;
  const withChange = (change: Record<string, unknown>): Uint8Array =>
    Buffer.from(JSON.stringify({ ...slots, passphrase: { ...slots['passphrase'], ...change } }));
  await expect(unlock(withChange({ t: 3 }), { passphrase })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  for (const change of [{ m: 4_000_000 }, { m: 8 }, { t: 0 }, { p: 99 }, { salt: 'AAAA' }, { extra: 1 }]) {
    await expect(unlock(withChange(change), { passphrase })).rejects.toMatchObject({
      code: 'CORRUPT_LIBRARY',
    });
  }
  for (const text of ['', '{}', 'null', '{"version":2}']) {
    await expect(unlock(Buffer.from(text), { passphrase })).rejects.toMatchObject({
      code: 'CORRUPT_LIBRARY',
    });
  }
});

it('opens the same where this Node has no argon2 of its own', async () => {
  const { salt, ...cost } = { salt: randomBytes(16), m: 19_456, t: 2, p: 1 };
  const text = new TextEncoder().encode(passphrase);
  const own = argon2Sync('argon2id', {
    ...{ message: text, nonce: salt, tagLength: 32 },
    ...{ memory: cost.m, passes: cost.t, parallelism: cost.p },
  });
  const other = await argon2idAsync(text, new Uint8Array(salt), { ...cost, version: 0x13, dkLen: 32 });
  expect(own.equals(other)).toBe(true);
});

it('takes another recovery key; the one before no longer opens, the passphrase does', async () => {
  const { file, libraryKey, recoveryKey } = await makeKeys(passphrase);
  const changed = await withRecoveryKey(file, { passphrase });
  expect(await unlock(changed.file, { recoveryKey: changed.recoveryKey })).toEqual(libraryKey);
  expect(await unlock(changed.file, { passphrase })).toEqual(libraryKey);
  await expect(unlock(changed.file, { recoveryKey })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});
