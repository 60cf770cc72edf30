/**
 * @file The Ed25519 key (RFC 8032) that signs releases, 32 bytes where it is public, and whether an update is signed by one. A library's own key, which
 * signs what leaves it, is signing-key.ts.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

import { fingerprintOf as fingerprintOfSpki } from './signing-key.ts';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface ReleaseKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** A signature made for another kind of file is none here. */
const message = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from('chestlight update 1\0'), bytes]);

/** A private key in PEM (PKCS #8). @throws Error for anything but an Ed25519 key */
export function releaseKeyFrom(pem: string): ReleaseKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the key is not an Ed25519 key');
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    publicKey: new Uint8Array(spki.subarray(PUBLIC_PREFIX.length)),
    sign: (bytes) => new Uint8Array(sign(null, message(bytes), key)),
  };
}

/** A new private key in PEM (PKCS #8). */
export function newReleaseKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** True when `signature` is the one that the holder of `publicKey` made over `bytes` for an update. */
export function isSigned(
  bytes: Uint8Array,
  { publicKey, signature }: { readonly publicKey: Uint8Array; readonly signature: Uint8Array },
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const key = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message(bytes), key, signature);
}

/** What people compare, as of a library's own key. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return fingerprintOfSpki(Buffer.concat([PUBLIC_PREFIX, publicKey]).toString('base64'));
}
