/** @file A session package as a stream of bytes: signed, encrypted where a passphrase is given. Films are read one at a time. */
import { sha256Of } from '../../../files/artifacts.ts';
import type { SigningKey } from '../../../files/signing-key.ts';
import { CHUNK_BYTES, newEncryption, sealChunk } from './package-cipher.ts';
import {
  MARK,
  packageManifest,
  PACKAGE_VERSION,
  SESSION_NAME,
  SIGNED_WORDS,
  type PackagedSession,
  type PackageHeader,
} from './package-format.ts';

export interface PackagedFilm {
  readonly filmId: string;
  readonly bytes: number;
  readonly sha256: string;
  read(): Promise<Uint8Array>;
}

export interface PackageContent {
  readonly session: PackagedSession;
  readonly films: readonly PackagedFilm[];
  readonly signerName: string;
  readonly app: string;
  readonly createdAt: number;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export function length32(bytes: number): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

/** What the signature is over: everything but the files, which the manifest has the hashes of. */
export function signedBytes(header: Uint8Array, manifest: Uint8Array): Uint8Array {
  return Buffer.concat([SIGNED_WORDS, length32(header.byteLength), header, manifest]);
}

export async function* writePackage(
  content: PackageContent,
  signer: SigningKey,
  passphrase: string | null,
): AsyncGenerator<Uint8Array> {
  const secret = passphrase === null ? null : await newEncryption(passphrase);
  const header: PackageHeader = {
    format: 'chestlight-session',
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
  { session, films, signerName, app, createdAt }: PackageContent,
  signer: SigningKey,
  header: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const sessionBytes = json(session);
  const manifest = json(
    packageManifest.parse({
      createdAt,
      app,
      signer: { name: signerName, publicKey: signer.publicKey },
      files: [
        { name: SESSION_NAME, bytes: sessionBytes.byteLength, sha256: sha256Of(sessionBytes) },
        ...films.map(({ filmId, bytes, sha256 }) => ({ name: filmId, bytes, sha256 })),
      ],
    }),
  );
  yield length32(manifest.byteLength);
  yield manifest;
  yield signer.sign(signedBytes(header, manifest));
  yield sessionBytes;
  for (const film of films) yield await film.read();
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
