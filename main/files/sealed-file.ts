/**
 * @file How a file of an encrypted library lies on the disk: a header, then pieces of 64 KiB, each encrypted and authenticated on
 * its own (AES-256-GCM), so that any place can be read without the rest.
 *
 *     header  8 bytes "CLSEAL" + version (u16), 32 bytes salt
 *     piece   ciphertext (65536 bytes, the last one 0 to 65536), 16 bytes tag
 *
 * Every file has a key of its own: HKDF-SHA-256 of the library's key, the salt, and the file's own name. So a nonce never
 * meets the same key twice, and a file that was put in the place of one with another name does not open. The nonce is the piece's number and
 * whether it is the last; so pieces cannot change places, and a file that ends early, or goes on after its end, does not open.
 * The length follows from the file's size and is proved by the last piece. The construction is STREAM (Hoang, Reyhanitabar,
 * Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015).
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

import { ServiceError } from '../../shared/domain/service-error.ts';

/** Content of every piece but the last, bytes. */
export const PIECE_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SALT_BYTES = 32;
/** What every sealed file begins with. */
export const SEALED_MARK = Buffer.concat([Buffer.from('CLSEAL', 'latin1'), Buffer.from([0, 1])]);
export const HEADER_BYTES = SEALED_MARK.length + SALT_BYTES;
const ALGORITHM = 'aes-256-gcm';

/** Reads bytes of the sealed file; fewer where it ends. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array>;

/** @param libraryKey 32 bytes @param name of the file, without its folder */
function fileKey(libraryKey: Uint8Array, salt: Uint8Array, name: string): Buffer {
  // HKDF takes at most 1024 bytes here; a name may have more.
  const info = Buffer.concat([SEALED_MARK, createHash('sha256').update(name.normalize('NFC')).digest()]);
  return Buffer.from(hkdfSync('sha256', libraryKey, salt, info, 32));
}

function nonceOf(piece: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(piece, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function sealPiece(key: Uint8Array, piece: number, isLast: boolean, content: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, nonceOf(piece, isLast), { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** The bytes of a sealed file, piece by piece. @param libraryKey 32 bytes */
export async function* seal(
  libraryKey: Uint8Array,
  name: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const salt = randomBytes(SALT_BYTES);
  const key = fileKey(libraryKey, salt, name);
  yield Buffer.concat([SEALED_MARK, salt]);
  const piece = Buffer.alloc(PIECE_BYTES);
  let filled = 0;
  let number = 0;
  for await (const part of content instanceof Uint8Array ? [content] : content) {
    let at = 0;
    while (at < part.byteLength) {
      // A full piece is only known not to be the last when more comes.
      if (filled === PIECE_BYTES) {
        yield sealPiece(key, number, false, piece);
        number += 1;
        filled = 0;
      }
      const taken = Math.min(part.byteLength - at, PIECE_BYTES - filled);
      piece.set(part.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  yield sealPiece(key, number, true, piece.subarray(0, filled));
}

export interface SealedReader {
  /** Bytes of content, proved by the last piece. */
  readonly size: number;
  /** Fills `into` from byte `at` of the content on. @returns bytes read @throws ServiceError CORRUPT_LIBRARY */
  readAt(at: number, into: Uint8Array): Promise<number>;
}

/**
 * @param fileBytes size of the sealed file
 * @throws ServiceError CORRUPT_LIBRARY when it is not sealed, was sealed with another key or name, was changed, or is cut off
 */
export async function openSealed(
  libraryKey: Uint8Array,
  name: string,
  fileBytes: number,
  read: ReadBytes,
): Promise<SealedReader> {
  const body = fileBytes - HEADER_BYTES;
  const pieces = Math.ceil(body / (PIECE_BYTES + TAG_BYTES));
  const size = body - pieces * TAG_BYTES;
  const header = await read(0, HEADER_BYTES);
  if (header.byteLength < HEADER_BYTES || !SEALED_MARK.equals(header.subarray(0, SEALED_MARK.length)))
    throw damaged(name);
  if (pieces < 1 || size < (pieces - 1) * PIECE_BYTES) throw damaged(name);
  const key = fileKey(libraryKey, header.subarray(SEALED_MARK.length), name);
  const open = async (piece: number): Promise<Uint8Array> => {
    const isLast = piece === pieces - 1;
    const length = isLast ? size - piece * PIECE_BYTES : PIECE_BYTES;
    const bytes = await read(HEADER_BYTES + piece * (PIECE_BYTES + TAG_BYTES), length + TAG_BYTES);
    if (bytes.byteLength !== length + TAG_BYTES) throw damaged(name);
    const decipher = createDecipheriv(ALGORITHM, key, nonceOf(piece, isLast), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(length));
    const content = decipher.update(bytes.subarray(0, length));
    try {
      decipher.final();
    } catch {
      throw damaged(name);
    }
    return content;
  };
  let kept: { readonly piece: number; readonly content: Uint8Array } = {
    piece: pieces - 1,
    content: await open(pieces - 1),
  };
  return {
    size,
    async readAt(at, into) {
      const end = Math.min(size, at + into.byteLength);
      let position = at;
      while (position < end) {
        const piece = Math.floor(position / PIECE_BYTES);
        const { content } = kept.piece === piece ? kept : (kept = { piece, content: await open(piece) });
        const from = position - piece * PIECE_BYTES;
        const part = content.subarray(from, Math.min(content.byteLength, from + end - position));
        into.set(part, position - at);
        position += part.byteLength;
      }
      return Math.max(0, position - at);
    },
  };
}

function damaged(name: string): ServiceError {
  return new ServiceError(
    'CORRUPT_LIBRARY',
    `The encrypted file ${name} of this library was changed, is cut off or does not belong here. Check the library; restore the file from a copy.`,
    { file: name },
  );
}
