/**
 * @file Ed25519 signatures (RFC 8032) over bytes and what they are for, the key that a library signs with, and fingerprints that
 * people compare. Sessions, weights and updates are signed with this and nothing else.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { ServiceError } from '../../shared/domain/service-error.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { realDisk, type Disk } from './disk.ts';

/** What a signature says something about: one made for one kind is no signature of another. */
export type SignedKind = 'session' | 'weights' | 'update';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(kind: SignedKind, bytes: Uint8Array): Uint8Array;
}

const message = (kind: SignedKind, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`chestlight ${kind} 1\0`), bytes]);

/** A private key in PEM (PKCS #8). @throws Error for anything but an Ed25519 key */
export function signingKeyFrom(pem: string): SigningKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the key is not an Ed25519 key');
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    publicKey: new Uint8Array(spki.subarray(PUBLIC_PREFIX.length)),
    sign: (kind, bytes) => new Uint8Array(sign(null, message(kind, bytes), key)),
  };
}

/** A new private key in PEM (PKCS #8). */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** True when `signature` is the one that the holder of `publicKey` made over `bytes` for this kind. */
export function isSigned(
  kind: SignedKind,
  bytes: Uint8Array,
  { publicKey, signature }: { readonly publicKey: Uint8Array; readonly signature: Uint8Array },
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const key = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message(kind, bytes), key, signature);
}

/** The first 80 bits of SHA-256 over a public key, in five groups: what two people read to each other. */
export function fingerprintOf(publicKey: Uint8Array): string {
  const hex = createHash('sha256').update(publicKey).digest('hex').slice(0, 20).toUpperCase();
  return (hex.match(/.{4}/g) ?? []).join(' ');
}

/**
 * The key of a library, made when it first signs; readable by the owner only.
 * @throws ServiceError CORRUPT_LIBRARY for a file that is no key, DISK_FULL, READ_ONLY
 */
export async function openSigningKey(path: string, disk: Disk = realDisk): Promise<SigningKey> {
  if (!existsSync(path)) {
    await writeFileAtomic(path, Buffer.from(newSigningKey()), { mode: 0o600, disk });
  }
  try {
    return signingKeyFrom(readFileSync(path, 'utf8'));
  } catch {
    throw new ServiceError(
      'CORRUPT_LIBRARY',
      'The key that this library signs with (signing.key) is damaged. Nothing was written. Restore it from a copy of the folder, or move it away: a new one is made, and others will not know it.',
      { path },
    );
  }
}
