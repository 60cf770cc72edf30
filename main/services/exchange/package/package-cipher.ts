/**
 * @file Encryption of a package's body: AES-256-GCM over chunks of 1 MiB, each with its number and whether it is the last in the
 * nonce (the STREAM construction, Hoang et al. 2015): chunks cannot be left out, moved or cut off. The header is bound in.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';

import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { SCRYPT, type PackageHeader } from './package-format.ts';

type Encryption = NonNullable<PackageHeader['encryption']>;

export const CHUNK_BYTES = 1024 * 1024;
export const TAG_BYTES = 16;

export interface PackageKey {
  readonly key: Buffer;
  readonly check: Buffer;
}

/** About 0.5 s and 128 MB, on purpose. */
export async function deriveKey(passphrase: string, salt: Uint8Array): Promise<PackageKey> {
  const { N, r, p } = SCRYPT;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase.normalize('NFC'), salt, 64, { N, r, p, maxmem: 256 * N * r }, (error, derived) =>
    error === null ? resolve(derived) : reject(error),
  );
  const derived = await promise;
  const check = createHash('sha256').update(derived.subarray(32)).digest().subarray(0, 16);
  return { key: derived.subarray(0, 32), check };
}

export async function newEncryption(
  passphrase: string,
): Promise<{ readonly encryption: Encryption; readonly key: Buffer }> {
  const salt = randomBytes(16);
  const { key, check } = await deriveKey(passphrase, salt);
  const encryption: Encryption = {
    cipher: 'aes-256-gcm',
    chunkBytes: CHUNK_BYTES,
    kdf: 'scrypt',
    ...SCRYPT,
    salt: salt.toString('base64'),
    nonce: randomBytes(7).toString('base64'),
    check: check.toString('base64'),
  };
  return { encryption, key };
}

/** @throws ServiceError WRONG_PIN a wrong passphrase */
export async function openKey(encryption: Encryption, passphrase: string): Promise<Buffer> {
  const { key, check } = await deriveKey(passphrase, Buffer.from(encryption.salt, 'base64'));
  if (timingSafeEqual(check, Buffer.from(encryption.check, 'base64'))) return key;
  throw new ServiceError(
    'BAD_INPUT',
    'That is not the passphrase of this package. Nothing was taken from it; try again.',
    {
      passphrase: 'wrong',
    },
  );
}

function nonceOf({ nonce }: Encryption, chunk: number, isLast: boolean): Buffer {
  const number = Buffer.alloc(5);
  number.writeUInt32BE(chunk);
  number[4] = isLast ? 1 : 0;
  return Buffer.concat([Buffer.from(nonce, 'base64'), number]);
}

export function sealChunk(
  plain: Uint8Array,
  at: {
    readonly encryption: Encryption;
    readonly key: Buffer;
    readonly header: Uint8Array;
    readonly chunk: number;
    readonly isLast: boolean;
  },
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', at.key, nonceOf(at.encryption, at.chunk, at.isLast));
  cipher.setAAD(at.header);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** null = it is not what was sealed. */
export function openChunk(
  sealed: Uint8Array,
  at: {
    readonly encryption: Encryption;
    readonly key: Buffer;
    readonly header: Uint8Array;
    readonly chunk: number;
    readonly isLast: boolean;
  },
): Uint8Array | null {
  if (sealed.byteLength < TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', at.key, nonceOf(at.encryption, at.chunk, at.isLast));
  decipher.setAAD(at.header);
  decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_BYTES));
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(0, sealed.byteLength - TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    return null;
  }
}
