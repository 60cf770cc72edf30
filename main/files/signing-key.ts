/** @file signing.key: the library's Ed25519 key, made at first use, readable by the owner only. Session packages are signed with it. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

import { errorCode } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { readText, type LibraryVault } from './vault.ts';

export interface SigningKey {
  /** SPKI in DER, base64. */
  readonly publicKey: string;
  /** For a person to compare. */
  readonly fingerprint: string;
  /** Ed25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Eight groups of four hexadecimal digits: 128 bits of the key's SHA-256. */
export function fingerprintOf(publicKey: string): string {
  const hash = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').toUpperCase();
  return (hash.slice(0, 32).match(/.{4}/g) ?? []).join(' ');
}

/** @throws ServiceError CORRUPT_LIBRARY the key's file is no key, DISK_FULL, READ_ONLY */
export async function openSigningKey(path: string, vault: LibraryVault): Promise<SigningKey> {
  const key = (await readKey(path, vault)) ?? (await makeKey(path, vault));
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  return { publicKey, fingerprint: fingerprintOf(publicKey), sign: (message) => sign(null, message, key) };
}

async function readKey(path: string, vault: LibraryVault): Promise<KeyObject | null> {
  let pem: string;
  try {
    pem = await readText(vault, path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // told below: a key that cannot be read is a damaged one
  }
  throw new ServiceError(
    'CORRUPT_LIBRARY',
    'The library’s signing key is damaged. Nothing was written; restore signing.key from a copy of the folder, or delete it to' +
      ' get a new key, which other sites then have to accept anew.',
    { path },
  );
}

async function makeKey(path: string, vault: LibraryVault): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await vault.write(path, new TextEncoder().encode(String(pem)), 0o600);
  return privateKey;
}
