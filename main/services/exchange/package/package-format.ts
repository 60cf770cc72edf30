/**
 * @file The file of a package (docs/exchange.md), of a review session or of a model: mark, header, then a body that may be encrypted:
 * manifest, signature, files one after the other. Nothing in it is compressed and no name in it is used as a path.
 */
import { z } from 'zod';

import { decision } from '../../../../shared/contract/review-adjudication.ts';
import { otherVersion, reader, readingVersion, review } from '../../../../shared/contract/review.ts';
import { filmId, readerId } from '../../../../shared/contract/base.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';

export const PACKAGE_ENDING = '.chestlight';
export const PACKAGE_VERSION = 1;
export const MARK = new TextEncoder().encode('CHESTLIGHT\u0000\u0001');
export const SIGNATURE_BYTES = 64;
export const SESSION_NAME = 'session.json';

export const LIMITS = { header: 4096, manifest: 16 * 1024 * 1024 } as const;

/** What a package is of. */
export interface PackageKind {
  /** Of the header. */
  readonly format: 'chestlight-session' | 'chestlight-model';
  /** For people. */
  readonly title: string;
  /** What the signature begins with, so that one of a kind is none of the other. */
  readonly signedWords: Uint8Array;
  /** The file that comes first. */
  readonly first: string;
  /** Bytes that a file of this name may have; null = no such file belongs into it. */
  readonly most: (name: string) => number | null;
}

export const SESSION_PACKAGE: PackageKind = {
  format: 'chestlight-session',
  title: 'a session package',
  signedWords: new TextEncoder().encode('chestlight session package 1\n'),
  first: SESSION_NAME,
  most: (name) => {
    if (name === SESSION_NAME) return 512_000_000;
    return /^film-[0-9a-f]{32}$/.test(name) ? Number.MAX_SAFE_INTEGER : null;
  },
};

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const base64 = (bytes: number) =>
  z.string().refine((text) => Buffer.from(text, 'base64').byteLength === bytes, `${bytes} bytes`);

/** Exactly these numbers are taken, so that a package cannot ask for all memory. */
export const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;

export const packageHeader = z.object({
  format: z.enum(['chestlight-session', 'chestlight-model']),
  version: z.number().int(),
  encryption: z
    .object({
      cipher: z.literal('aes-256-gcm'),
      chunkBytes: z.literal(1024 * 1024),
      kdf: z.literal('scrypt'),
      N: z.literal(SCRYPT.N),
      r: z.literal(SCRYPT.r),
      p: z.literal(SCRYPT.p),
      salt: base64(16),
      /** First bytes of each chunk's nonce; four bytes of its number and one that marks the last follow. */
      nonce: base64(7),
      /** Of the derived key: tells a wrong passphrase from a changed package. */
      check: base64(16),
    })
    .nullable(),
});
export type PackageHeader = z.infer<typeof packageHeader>;

/** Never used as a path; each kind knows its own. */
const fileName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9.-]*$/);

export const packageManifest = z
  .object({
    createdAt: z.number().int().nonnegative(),
    app: z.string().max(40),
    signer: z.object({ name: z.string().min(1).max(255), publicKey: z.string().max(200) }),
    files: z.array(z.object({ name: fileName, bytes: z.number().int().min(0), sha256: hash })).max(20_001),
  })
  .refine(
    ({ files }) => files.length > 0 && new Set(files.map(({ name }) => name)).size === files.length,
    'each file once',
  );
export type PackageManifest = z.infer<typeof packageManifest>;

export const packagedSession = z.object({
  review,
  readers: z.array(reader).max(1000),
  /** Each reader's films in their order. */
  lists: z.array(z.object({ readerId, films: z.array(filmId).max(20_000) })).max(1000),
  versions: z.array(readingVersion),
  /** Versions that do not follow on those: histories of other sites. */
  others: z.array(otherVersion),
  decisions: z.array(decision),
});
export type PackagedSession = z.infer<typeof packagedSession>;

export function damaged(what: string): ServiceError {
  return new ServiceError(
    'BAD_INPUT',
    `The package was changed or damaged on its way: ${what}. Nothing was taken from it; ask for it again.`,
    { damaged: what },
  );
}

export function newerPackage(version: number): ServiceError {
  return new ServiceError(
    'INCOMPATIBLE',
    `The package has version ${version}, and this Chestlight reads up to ${PACKAGE_VERSION}. Nothing was taken from it; update Chestlight.`,
    { version },
  );
}
