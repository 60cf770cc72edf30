/**
 * @file Keys of encrypted libraries that a person let this computer keep, each in a file that the system's key store sealed: whoever has the
 * disk without the account cannot open it. They lie beside the window's data, never in a library.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { errorCode, translateDiskError } from '../../../shared/domain/disk-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { LIBRARY_KEY_BYTES } from '../../files/key-slots.ts';

/** The system's key store as a host offers it (Keychain, DPAPI, libsecret or KWallet). */
export interface KeyStore {
  seal(bytes: Uint8Array): Promise<Uint8Array>;
  /** @throws Error what was sealed elsewhere, or changed */
  open(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface KeptKeys {
  has(id: string): Promise<boolean>;
  /** @throws ServiceError DISK_FULL, READ_ONLY; Error of the key store */
  keep(id: string, key: Uint8Array): Promise<void>;
  /** Null = none is kept, or it does not open here any more. */
  read(id: string): Promise<Uint8Array | null>;
  forget(id: string): Promise<void>;
}

/** @param folder made at the first key */
export function createKeptKeys(store: KeyStore, folder: string): KeptKeys {
  const pathOf = (id: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Error('a kept key is named by the id of its library');
    return join(folder, `${id}.key`);
  };
  const sealed = async (id: string): Promise<Uint8Array | null> => {
    try {
      return await readFile(pathOf(id));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw translateDiskError(error);
    }
  };
  return {
    has: async (id) => (await sealed(id)) !== null,
    async keep(id, key) {
      const bytes = await store.seal(key);
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
        throw translateDiskError(error);
      });
      await writeFileAtomic(pathOf(id), bytes, { mode: 0o600 });
    },
    async read(id) {
      const bytes = await sealed(id);
      if (bytes === null) return null;
      // Another account, another computer, a key store that was emptied: then the passphrase is asked for.
      const key = await store.open(bytes).catch(() => null);
      return key?.length === LIBRARY_KEY_BYTES ? key : null;
    },
    forget: (id) => rm(pathOf(id), { force: true }),
  };
}
