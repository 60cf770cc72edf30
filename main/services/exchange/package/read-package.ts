/**
 * @file Opens a package: everything is bounded by the file's own size, checked before it is believed, and what is wrong
 * is named. A file's bytes are read only when they are asked for.
 */
import { createPublicKey, verify } from 'node:crypto';

import { errorCode } from '../../../../shared/domain/disk-error.ts';
import { formatBytes } from '../../../../shared/domain/numbers.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import { fingerprintOf } from '../../../files/signing-key.ts';
import { CHUNK_BYTES, openChunk, openKey, TAG_BYTES } from './package-cipher.ts';
import {
  damaged,
  LIMITS,
  MARK,
  newerPackage,
  packagedSession,
  packageHeader,
  packageManifest,
  PACKAGE_VERSION,
  SESSION_NAME,
  SESSION_PACKAGE,
  SIGNATURE_BYTES,
  type PackagedSession,
  type PackageHeader,
  type PackageKind,
  type PackageManifest,
} from './package-format.ts';
import { type LibraryVault, plainVault, readFully } from '../../../files/vault.ts';
import { signedBytes } from './write-package.ts';

export interface PackageSigner {
  readonly name: string;
  /** SPKI in DER, base64. */
  readonly publicKey: string;
  readonly fingerprint: string;
}

export interface OpenArchive {
  readonly manifest: PackageManifest;
  readonly encrypted: boolean;
  readonly signer: PackageSigner;
  /** Checked against the signed hash. @throws ServiceError BAD_INPUT naming the file; NOT_FOUND it is not in the package */
  readonly file: (name: string) => Promise<Uint8Array>;
}

export interface OpenPackage extends Omit<OpenArchive, 'file'> {
  readonly session: PackagedSession;
  /** Films that are in the package, by id. */
  readonly films: readonly string[];
  /** Checked against the signed hash. @throws ServiceError BAD_INPUT naming the film */
  film(filmId: string): Promise<Uint8Array>;
}

/** A package as it lies in the library, where the vault opens it, or elsewhere. */
interface PackageFile {
  readonly size: number;
  readAt(at: number, into: Uint8Array): Promise<number>;
}

/** Reads whole stretches of the plain body. `what` names the stretch where something is wrong. */
type Body = (from: number, bytes: number, what: string) => Promise<Uint8Array>;

/** Whether the file has the mark of a package. */
export async function isPackage(path: string, vault: LibraryVault = plainVault()): Promise<boolean> {
  const file = await openFile(vault, path);
  return Buffer.from(await stretch(file, 0, MARK.byteLength).catch(() => new Uint8Array())).equals(MARK);
}

/**
 * @param passphrase null = none was given
 * @throws ServiceError NOT_FOUND, BAD_INPUT no package, changed, damaged, a wrong passphrase or none, INCOMPATIBLE newer
 */
export async function openPackage(
  path: string,
  passphrase: string | null,
  vault: LibraryVault = plainVault(),
): Promise<OpenPackage> {
  const { file: film, ...opened } = await openArchive(path, passphrase, SESSION_PACKAGE, vault);
  const session = sessionOf(await film(SESSION_NAME));
  const films = opened.manifest.files.slice(1).map(({ name }) => name);
  return { ...opened, session, films, film };
}

/** A package of a kind; another kind is named. @throws as `openPackage` */
export async function openArchive(
  path: string,
  passphrase: string | null,
  kind: PackageKind,
  vault: LibraryVault = plainVault(),
): Promise<OpenArchive> {
  return await read(await openFile(vault, path), passphrase, kind);
}

async function openFile(vault: LibraryVault, path: string): Promise<PackageFile> {
  try {
    const size = await vault.size(path);
    return { size, readAt: (at, into) => vault.readAt(path, at, into) };
  } catch (error) {
    throw new ServiceError('NOT_FOUND', 'The package does not exist or may not be read. Choose it again.', {
      cause: errorCode(error),
    });
  }
}

async function stretch(file: PackageFile, from: number, bytes: number): Promise<Uint8Array> {
  const read = await readFully((at, into) => file.readAt(at, into), from, bytes);
  if (read.length < bytes) throw damaged('it ends too early');
  return read;
}

const length = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32BE();

async function read(file: PackageFile, passphrase: string | null, kind: PackageKind): Promise<OpenArchive> {
  const { size } = file;
  const start = MARK.byteLength + 4;
  const head = size < start ? new Uint8Array() : await stretch(file, 0, start);
  if (!Buffer.from(head.subarray(0, MARK.byteLength)).equals(MARK)) {
    throw new ServiceError(
      'BAD_INPUT',
      `The file is not ${kind.title} of Chestlight. Nothing was taken from it.`,
    );
  }
  const headerLength = length(head.subarray(MARK.byteLength));
  if (headerLength > LIMITS.header || start + headerLength > size) throw damaged('its header');
  const headerBytes = await stretch(file, start, headerLength);
  const header = headerOf(headerBytes, kind);
  const from = start + headerLength;
  const { body, bytes } = await bodyOf(file, { header, headerBytes, from, size, passphrase });

  if (bytes < 4 + SIGNATURE_BYTES) throw damaged('its manifest');
  const manifestLength = length(await body(0, 4, 'its manifest'));
  if (manifestLength > LIMITS.manifest || 4 + manifestLength + SIGNATURE_BYTES > bytes)
    throw damaged('its manifest');
  const manifestBytes = await body(4, manifestLength, 'its manifest');
  const signature = await body(4 + manifestLength, SIGNATURE_BYTES, 'its signature');
  const manifest = manifestOf(manifestBytes);
  checkSignature(manifest, signedBytes(headerBytes, manifestBytes, kind), signature);
  const places = placesOf(manifest, kind, 4 + manifestLength + SIGNATURE_BYTES, bytes);
  const fileOf = async (name: string): Promise<Uint8Array> => {
    const place = places.get(name);
    if (place === undefined)
      throw new ServiceError('NOT_FOUND', `There is no ${name} in the package.`, { name });
    const content = await body(place.from, place.bytes, name);
    if (sha256Of(content) !== place.sha256) throw damaged(`the file ${name} in it`);
    return content;
  };
  const { name, publicKey } = manifest.signer;
  return {
    manifest,
    encrypted: header.encryption !== null,
    signer: { name, publicKey, fingerprint: fingerprintOf(publicKey) },
    file: fileOf,
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

function headerOf(bytes: Uint8Array, kind: PackageKind): PackageHeader {
  const value = parsed(bytes);
  const version = (value as { version?: unknown } | undefined)?.version;
  if (typeof version === 'number' && version > PACKAGE_VERSION) throw newerPackage(version);
  const header = packageHeader.safeParse(value);
  if (!header.success || header.data.version !== PACKAGE_VERSION) throw damaged('its header');
  if (header.data.format === kind.format) return header.data;
  throw new ServiceError(
    'BAD_INPUT',
    `The file is a package of Chestlight, but not ${kind.title}. Nothing was taken from it; open it as what it is.`,
    { format: header.data.format },
  );
}

interface Where {
  readonly header: PackageHeader;
  readonly headerBytes: Uint8Array;
  readonly from: number;
  readonly size: number;
  readonly passphrase: string | null;
}

async function bodyOf(
  file: PackageFile,
  { header, headerBytes, from, size, passphrase }: Where,
): Promise<{ readonly body: Body; readonly bytes: number }> {
  const { encryption } = header;
  if (encryption === null) {
    return { body: (at, bytes) => stretch(file, from + at, bytes), bytes: size - from };
  }
  if (passphrase === null) {
    throw new ServiceError('BAD_INPUT', 'The package is encrypted. Give its passphrase.', {
      passphrase: 'missing',
    });
  }
  const key = await openKey(encryption, passphrase);
  const sealedBytes = size - from;
  const whole = CHUNK_BYTES + TAG_BYTES;
  const chunks = Math.max(1, Math.ceil(sealedBytes / whole));
  const bytes = sealedBytes - chunks * TAG_BYTES;
  let kept: { readonly chunk: number; readonly plain: Uint8Array } | null = null;
  const plainOf = async (chunk: number, what: string): Promise<Uint8Array> => {
    if (kept?.chunk === chunk) return kept.plain;
    const at = from + chunk * whole;
    const isLast = chunk === chunks - 1;
    const sealed = await stretch(file, at, Math.min(whole, size - at));
    const plain = openChunk(sealed, { encryption, key, header: headerBytes, chunk, isLast });
    if (plain === null) throw damaged(what.startsWith('its ') ? what : `the file ${what} in it`);
    kept = { chunk, plain };
    return plain;
  };
  const body: Body = async (at, wanted, what) => {
    const parts: Uint8Array[] = [];
    for (let done = 0; done < wanted;) {
      const chunk = Math.floor((at + done) / CHUNK_BYTES);
      const plain = await plainOf(chunk, what);
      const begin = at + done - chunk * CHUNK_BYTES;
      const part = plain.subarray(begin, begin + wanted - done);
      if (part.byteLength === 0) throw damaged('it ends too early');
      parts.push(part);
      done += part.byteLength;
    }
    return Buffer.concat(parts);
  };
  return { body, bytes };
}

function manifestOf(bytes: Uint8Array): PackageManifest {
  const manifest = packageManifest.safeParse(parsed(bytes));
  if (manifest.success) return manifest.data;
  throw damaged('its manifest');
}

function checkSignature(manifest: PackageManifest, message: Uint8Array, signature: Uint8Array): void {
  let isRight: boolean;
  try {
    const key = createPublicKey({
      key: Buffer.from(manifest.signer.publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    });
    isRight = key.asymmetricKeyType === 'ed25519' && verify(null, message, key, signature);
  } catch {
    isRight = false; // no key at all
  }
  if (!isRight) throw damaged('its manifest does not fit its signature');
}

interface Place {
  readonly from: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where each file lies. The files fill the rest of the package exactly, so none can claim more than is there. */
function placesOf(
  { files }: PackageManifest,
  kind: PackageKind,
  start: number,
  end: number,
): ReadonlyMap<string, Place> {
  if (files[0]?.name !== kind.first) throw damaged(`its manifest, which does not begin with ${kind.first}`);
  const places = new Map<string, Place>();
  let from = start;
  for (const { name, bytes, sha256 } of files) {
    const most = kind.most(name);
    if (most === null) throw damaged(`its manifest, which names ${name}: that does not belong into it`);
    if (bytes > most) throw damaged(`${name} in it is larger than ${formatBytes(most)}`);
    places.set(name, { from, bytes, sha256 });
    from += bytes;
  }
  if (from !== end) throw damaged(from > end ? 'it ends too early' : 'something was added at its end');
  return places;
}

function sessionOf(bytes: Uint8Array): PackagedSession {
  const session = packagedSession.safeParse(parsed(bytes));
  if (session.success) return session.data;
  const [issue] = session.error.issues;
  throw damaged(`the session in it is not sound (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
}
