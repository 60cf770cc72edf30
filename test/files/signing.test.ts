/** @file Signatures: RFC 8032's own values, one kind is no other, fingerprints, and the key file of a library. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  fingerprintOf,
  isSigned,
  newSigningKey,
  openSigningKey,
  signingKeyFrom,
} from '../../main/files/signing.ts';
import { tempFolder } from '../helpers/temp-library.ts';

/** RFC 8032, 7.1, TEST 2. */
const SECRET = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const PUBLIC = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';

function pemOf(secret: string): string {
  const der = Buffer.from(`302e020100300506032b657004220420${secret}`, 'hex');
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

it('is Ed25519: the public key of RFC 8032, and a signature that anything else with Ed25519 makes alike', () => {
  const pem = pemOf(SECRET);
  const key = signingKeyFrom(pem);
  expect(Buffer.from(key.publicKey).toString('hex')).toBe(PUBLIC);
  const bytes = Buffer.from('films');
  const expected = sign(
    null,
    Buffer.concat([Buffer.from('chestlight weights 1\0'), bytes]),
    createPrivateKey(pem),
  );
  expect(Buffer.from(key.sign('weights', bytes))).toEqual(expected);
});

it('holds for the bytes, the kind and the key that it was made for, and for nothing else', () => {
  const key = signingKeyFrom(newSigningKey());
  const other = signingKeyFrom(newSigningKey());
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
      const signature = key.sign('update', bytes);
      const { publicKey } = key;
      expect(isSigned('update', bytes, { publicKey, signature })).toBe(true);
      expect(isSigned('weights', bytes, { publicKey, signature })).toBe(false);
      expect(isSigned('update', bytes, { publicKey: other.publicKey, signature })).toBe(false);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1;
      expect(isSigned('update', changed, { publicKey, signature })).toBe(false);
      const forged = Uint8Array.from(signature);
      forged[at % 64] = (forged[at % 64] ?? 0) ^ 1;
      expect(isSigned('update', bytes, { publicKey, signature: forged })).toBe(false);
    }),
    { numRuns: 50 },
  );
  const nothing = { publicKey: new Uint8Array(32), signature: new Uint8Array(64) };
  expect(isSigned('update', new Uint8Array(1), { ...nothing, publicKey: new Uint8Array(31) })).toBe(false);
  expect(isSigned('update', new Uint8Array(1), { ...nothing, signature: new Uint8Array(0) })).toBe(false);
});

it('has a fingerprint of five groups', () => {
  expect(fingerprintOf(Buffer.from(PUBLIC, 'hex'))).toMatch(/^([0-9A-F]{4} ){4}[0-9A-F]{4}$/);
  expect(fingerprintOf(Buffer.from(PUBLIC, 'hex'))).not.toBe(fingerprintOf(new Uint8Array(32)));
});

it('takes no other kind of key', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const pem = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  expect(() => signingKeyFrom(pem)).toThrow(/not an Ed25519 key/);
});

it('makes the key of a library once, for its owner alone, and refuses a damaged one', async () => {
  const path = join(tempFolder(), 'signing.key');
  const first = await openSigningKey(path);
  expect((await openSigningKey(path)).publicKey).toEqual(first.publicKey);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(createPublicKey(readFileSync(path)).asymmetricKeyType).toBe('ed25519');
  writeFileSync(path, 'no key');
  await expect(openSigningKey(path)).rejects.toMatchObject({ code: 'CORRUPT_LIBRARY' });
});
