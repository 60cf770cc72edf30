/**
 * @file The one reader and writer of what a library's folder holds of films and of what is made of them, for the app and its
 * processes alike. What is handed over and given back is the content; how it lies on the disk is the vault's affair alone.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';

import { writeFileAtomic, type Content } from './atomic-write.ts';
import { realDisk, type Disk } from './disk.ts';

/** What a process needs to read and write the files of an encrypted library. It goes from process to process by message alone. */
export interface LibraryAccess {
  /** The library's folder. */
  readonly root: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Errors of reading are Node's own (ENOENT and so on), for the caller to put into words. */
export interface LibraryVault {
  /** What another process or thread opens the same vault with; null = files as they are. */
  readonly access: LibraryAccess | null;
  /** What folders are made on and files removed from. */
  readonly disk: Disk;
  /** The whole content. */
  read(path: string): Promise<Uint8Array>;
  /** The content piece by piece; memory holds one piece. */
  stream(path: string): AsyncIterable<Uint8Array>;
  /** Fills `into` with the content from byte `at` on. @returns bytes read: fewer where the content ends first */
  readAt(path: string, at: number, into: Uint8Array): Promise<number>;
  /** Bytes of content. */
  size(path: string): Promise<number>;
  /**
   * Puts `content` in the place of what is there: old or new, never half. The folder must exist.
   * @throws ServiceError DISK_FULL, READ_ONLY; then the file is as it was before
   */
  write(path: string, content: Content, mode?: number): Promise<void>;
}

/** Files as they are. */
export function plainVault(disk: Disk = realDisk): LibraryVault {
  return {
    access: null,
    disk,
    read: (path) => readFile(path),
    stream: (path) => createReadStream(path),
    async readAt(path, at, into) {
      const file = await open(path, 'r');
      try {
        return (await file.read(into, 0, into.byteLength, at)).bytesRead;
      } finally {
        await file.close();
      }
    },
    size: async (path) => (await stat(path)).size,
    write: (path, content, mode = 0o600) => writeFileAtomic(path, content, { mode, disk }),
  };
}

/** SHA-256 of the content, hexadecimal; memory holds one piece. Errors as of `stream`. */
export async function hashOf(vault: LibraryVault, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of vault.stream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** `length` bytes from `at` on, however many a read gives; fewer where the content ends. */
export async function readFully(
  readAt: (at: number, into: Uint8Array) => Promise<number>,
  at: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const read = await readAt(at + filled, bytes.subarray(filled));
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

/** A file of UTF-8 text. */
export async function readText(vault: LibraryVault, path: string): Promise<string> {
  return new TextDecoder().decode(await vault.read(path));
}
