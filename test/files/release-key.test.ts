/** @file The key of releases: RFC 8032's own values, what a signature holds for, fingerprints. */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { fingerprintOf, isSigned, newReleaseKey, releaseKeyFrom } from '../../main/files/release-key.ts';

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
  const key = releaseKeyFrom(pem);
  expect(Buffer.from(key.publicKey).toString('hex')).toBe(PUBLIC);
  const bytes = Buffer.from('films');
  const expected = sign(
    null,
    Buffer.concat([Buffer.from('chestlight update 1\0'), bytes]),
    createPrivateKey(pem),
  );
  expect(Buffer.from(key.sign(bytes))).toEqual(expected);
});

it('holds for the bytes and the key that it was made for, and for nothing else', () => {
  const key = releaseKeyFrom(newReleaseKey());
  const other = releaseKeyFrom(newReleaseKey());
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
      const signature = key.sign(bytes);
      const { publicKey } = key;
      expect(isSigned(bytes, { publicKey, signature })).toBe(true);
      expect(isSigned(bytes, { publicKey: other.publicKey, signature })).toBe(false);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1;
      expect(isSigned(changed, { publicKey, signature })).toBe(false);
      const forged = Uint8Array.from(signature);
      forged[at % 64] = (forged[at % 64] ?? 0) ^ 1;
      expect(isSigned(bytes, { publicKey, signature: forged })).toBe(false);
    }),
    { numRuns: 50 },
  );
  const nothing = { publicKey: new Uint8Array(32), signature: new Uint8Array(64) };
  expect(isSigned(new Uint8Array(1), { ...nothing, publicKey: new Uint8Array(31) })).toBe(false);
  expect(isSigned(new Uint8Array(1), { ...nothing, signature: new Uint8Array(0) })).toBe(false);
});

it('has a fingerprint as a library’s key has', () => {
  expect(fingerprintOf(Buffer.from(PUBLIC, 'hex'))).toMatch(/^([0-9A-F]{4} ){7}[0-9A-F]{4}$/);
  expect(fingerprintOf(Buffer.from(PUBLIC, 'hex'))).not.toBe(fingerprintOf(new Uint8Array(32)));
});

it('takes no other kind of key', () => {
  const pem = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  expect(() => releaseKeyFrom(pem)).toThrow(/not an Ed25519 key/);
});
