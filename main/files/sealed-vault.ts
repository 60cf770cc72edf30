/** @file The vault of an encrypted library: what it writes into the library's folder is sealed; what lies elsewhere is as it is. */
import { open, type FileHandle } from 'node:fs/promises';
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';

import { writeFileAtomic } from './atomic-write.ts';
import { realDisk, type Disk } from './disk.ts';
import { openSealed, PIECE_BYTES, seal, type SealedReader } from './sealed-file.ts';
import { plainVault, readFully, type LibraryAccess, type LibraryVault } from './vault.ts';

export interface SealedVaultOptions extends LibraryAccess {
  readonly disk?: Disk;
}

/** @param access null = the library is not encrypted */
export function openVault(access: LibraryAccess | null, disk?: Disk): LibraryVault {
  return access === null ? plainVault(disk) : sealedVault({ ...access, ...(disk !== undefined && { disk }) });
}

/** Reading throws ServiceError CORRUPT_LIBRARY, which names the file, where one is not what was written. */
export function sealedVault({ root, key, disk = realDisk }: SealedVaultOptions): LibraryVault {
  const plain = plainVault(disk);
  const top = resolve(root);

  /**
   * What the file is sealed under: its own name, so that a folder of it can be moved into place; null = it lies elsewhere. Artifacts and
   * previews are named by their content and their film; of what runs write, the database knows the hashes.
   */
  const nameOf = (path: string): string | null => {
    const name = relative(top, resolve(path));
    const isOutside = name === '' || name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name);
    return isOutside ? null : basename(name);
  };

  /** One handle for all reads: where the file is replaced meanwhile, what is read is still of one. */
  async function opened<T>(
    path: string,
    name: string,
    use: (reader: SealedReader) => Promise<T>,
  ): Promise<T> {
    const file = await open(path, 'r');
    try {
      return await use(await readerOf(file, name));
    } finally {
      await file.close();
    }
  }

  const readerOf = async (file: FileHandle, name: string): Promise<SealedReader> =>
    await openSealed(key, name, (await file.stat()).size, (at, length) =>
      readFully(
        async (from, into) => (await file.read(into, 0, into.byteLength, from)).bytesRead,
        at,
        length,
      ),
    );

  return {
    access: { root, key },
    disk,
    async read(path) {
      const name = nameOf(path);
      if (name === null) return await plain.read(path);
      return await opened(path, name, async (reader) => {
        const content = Buffer.alloc(reader.size);
        await reader.readAt(0, content);
        return content;
      });
    },
    async *stream(path) {
      const name = nameOf(path);
      if (name === null) {
        yield* plain.stream(path);
        return;
      }
      const file = await open(path, 'r');
      try {
        const reader = await readerOf(file, name);
        for (let at = 0; at < reader.size; at += PIECE_BYTES) {
          const piece = new Uint8Array(Math.min(PIECE_BYTES, reader.size - at));
          await reader.readAt(at, piece);
          yield piece;
        }
      } finally {
        await file.close();
      }
    },
    async readAt(path, at, into) {
      const name = nameOf(path);
      if (name === null) return await plain.readAt(path, at, into);
      return await opened(path, name, (reader) => reader.readAt(at, into));
    },
    async size(path) {
      const name = nameOf(path);
      if (name === null) return await plain.size(path);
      return await opened(path, name, (reader) => Promise.resolve(reader.size));
    },
    async write(path, content, mode = 0o600) {
      const name = nameOf(path);
      if (name === null) return await plain.write(path, content, mode);
      await writeFileAtomic(path, seal(key, name, content), { mode, disk });
    },
  };
}
