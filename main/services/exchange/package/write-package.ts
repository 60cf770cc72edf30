/** @file A package as a stream of bytes: signed, encrypted where a passphrase is given. Its files are read one at a time. */
import { sha256Of } from '../../../files/artifacts.ts';
import type { SigningKey } from '../../../files/signing-key.ts';
import { CHUNK_BYTES, newEncryption, sealChunk } from './package-cipher.ts';
import {
  MARK,
  packageManifest,
  PACKAGE_VERSION,
  SESSION_NAME,
  SESSION_PACKAGE,
  type PackagedSession,
  type PackageHeader,
  type PackageKind,
} from './package-format.ts';

export interface PackagedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  read(): Promise<Uint8Array>;
}

export interface PackagedFilm extends Omit<PackagedFile, 'name'> {
  readonly filmId: string;
}

interface About {
  readonly signerName: string;
  readonly app: string;
  readonly createdAt: number;
}

export interface ArchiveContent extends About {
  readonly kind: PackageKind;
  /** The kind's first file comes first. */
  readonly files: readonly PackagedFile[];
}

export interface PackageContent extends About {
  readonly session: PackagedSession;
  readonly films: readonly PackagedFilm[];
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export function length32(bytes: number): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

/** What the signature is over: everything but the files, which the manifest has the hashes of. */
export function signedBytes(
  header: Uint8Array,
  manifest: Uint8Array,
  kind: PackageKind = SESSION_PACKAGE,
): Uint8Array {
  return Buffer.concat([kind.signedWords, length32(header.byteLength), header, manifest]);
}

/** Content that is in memory already. */
export function fileInMemory(name: string, content: Uint8Array): PackagedFile {
  return {
    name,
    bytes: content.byteLength,
    sha256: sha256Of(content),
    read: () => Promise.resolve(content),
  };
}

/** A session package. */
export async function* writePackage(
  { session, films, ...about }: PackageContent,
  signer: SigningKey,
  passphrase: string | null,
): AsyncGenerator<Uint8Array> {
  const files = films.map(({ filmId, bytes, sha256, read }) => ({ name: filmId, bytes, sha256, read }));
  const content = {
    ...about,
    kind: SESSION_PACKAGE,
    files: [fileInMemory(SESSION_NAME, json(session)), ...files],
  };
  yield* writeArchive(content, signer, passphrase);
}

/** A package of any kind. */
export async function* writeArchive(
  content: ArchiveContent,
  signer: SigningKey,
  passphrase: string | null,
): AsyncGenerator<Uint8Array> {
  const secret = passphrase === null ? null : await newEncryption(passphrase);
  const header: PackageHeader = {
    format: content.kind.format,
    version: PACKAGE_VERSION,
    encryption: secret?.encryption ?? null,
  };
  const headerBytes = json(header);
  yield MARK;
  yield length32(headerBytes.byteLength);
  yield headerBytes;
  const plain = body(content, signer, headerBytes);
  if (secret === null) yield* plain;
  else yield* sealed(plain, { ...secret, header: headerBytes });
}

async function* body(
  { kind, files, signerName, app, createdAt }: ArchiveContent,
  signer: SigningKey,
  header: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const manifest = json(
    packageManifest.parse({
      createdAt,
      app,
      signer: { name: signerName, publicKey: signer.publicKey },
      files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    }),
  );
  yield length32(manifest.byteLength);
  yield manifest;
  yield signer.sign(signedBytes(header, manifest, kind));
  for (const file of files) {
    const content = await file.read();
    // in pieces: what seals them would copy a large rest again and again
    for (let at = 0; at < content.byteLength; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES);
  }
}

async function* sealed(
  plain: AsyncIterable<Uint8Array>,
  at: {
    readonly encryption: NonNullable<PackageHeader['encryption']>;
    readonly key: Buffer;
    readonly header: Uint8Array;
  },
): AsyncGenerator<Uint8Array> {
  let waiting = Buffer.alloc(0);
  let chunk = 0;
  for await (const bytes of plain) {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.byteLength > CHUNK_BYTES) {
      yield sealChunk(waiting.subarray(0, CHUNK_BYTES), { ...at, chunk: chunk++, isLast: false });
      waiting = Buffer.from(waiting.subarray(CHUNK_BYTES));
    }
  }
  yield sealChunk(waiting, { ...at, chunk, isLast: true });
}
