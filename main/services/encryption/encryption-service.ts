/** @file Encryption of the open library as windows see it. Closing and opening again is done by who opened the app. */
import type { EncryptionStatus } from '../../../shared/contract/encryption.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { idOf, unlockTyped } from '../../files/key-slots.ts';
import {
  beginDecryption,
  beginEncryption,
  changePassphrase,
  changeRecoveryKey,
  confirmRecoveryKey,
  readKeyFile,
  recoveryKeyIsKept,
} from '../library/encryption.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { refuseUnlessOwner } from '../review/readers-service.ts';
import type { SignIn } from '../review/sign-in.ts';
import type { KeptKeys } from './kept-keys.ts';
import type { Clock, EncryptionService } from '../service-types.ts';

/**
 * Closes the app, does `prepare`, opens the app again with the key that that gives. Where `prepare` throws, the app is opened as it was.
 * @throws ServiceError BUSY; then nothing was closed
 */
export type Reopen = (prepare: () => Promise<{ readonly key: Uint8Array | null }>) => Promise<void>;

interface Deps {
  readonly library: OpenLibrary;
  readonly signIn: Pick<SignIn, 'reader'>;
  readonly clock: Clock;
  /** Absent where nobody can (verbs). */
  readonly reopen?: Reopen | undefined;
  /** Absent where the host has no key store. */
  readonly keptKeys?: KeptKeys | undefined;
}

export function createEncryptionService({
  library,
  signIn,
  clock,
  reopen,
  keptKeys,
}: Deps): EncryptionService {
  const { files, store } = library;
  const { dir } = files;
  /** Id of the library; null = it is plain. */
  const id = (): string | null => {
    const file = readKeyFile(dir);
    return file === null ? null : idOf(file);
  };
  const status = async (): Promise<EncryptionStatus> => {
    const own = id();
    const isKept = keptKeys !== undefined && own !== null && (await keptKeys.has(own));
    return {
      shut: false,
      encrypted: files.access !== null,
      keyStore: keptKeys === undefined ? 'none' : isKept ? 'kept' : 'offered',
      recoveryKept: files.readOnly || recoveryKeyIsKept(dir),
      converting: null,
    };
  };

  /** @throws ServiceError SIGNED_OUT, NOT_ALLOWED, READ_ONLY */
  function refuseUnlessItsOwner(token: string | null): void {
    files.refuseIfReadOnly();
    refuseUnlessOwner({ store, signIn }, token, 'change the library’s encryption');
  }

  function reopening(): Reopen {
    if (reopen !== undefined) return reopen;
    throw new ServiceError(
      'CONFLICT',
      'This program cannot change the encryption. Use the verb "encryption" with the app closed.',
    );
  }

  return {
    status,
    unlock: status,
    async begin({ passphrase, token }) {
      refuseUnlessItsOwner(token);
      let recoveryKey = '';
      await reopening()(async () => {
        const begun = await beginEncryption(dir, passphrase, { clock });
        recoveryKey = begun.recoveryKey;
        return { key: begun.key };
      });
      return { recoveryKey };
    },
    async end({ secret, token }) {
      refuseUnlessItsOwner(token);
      const own = id();
      await reopening()(async () => ({ key: await beginDecryption(dir, secret, { clock }) }));
      if (own !== null) await keptKeys?.forget(own);
      const keyStore = keptKeys === undefined ? 'none' : 'offered';
      return { shut: false, encrypted: false, keyStore, recoveryKept: true, converting: null };
    },
    async remember({ secret }) {
      const file = readKeyFile(dir);
      if (file === null || keptKeys === undefined) {
        throw new ServiceError(
          'CONFLICT',
          file === null
            ? 'This library is not encrypted, so there is no key to keep.'
            : 'This computer has no key store that Chestlight can use. The passphrase is asked for each time.',
        );
      }
      const key = await unlockTyped(file, secret);
      try {
        await keptKeys.keep(idOf(file), key);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        throw new ServiceError('CONFLICT', `${(error as Error).message} Nothing was kept.`);
      }
      library.audit.record('setting', '', { what: 'key store', on: true });
      return await status();
    },
    async forget() {
      const own = id();
      if (own !== null) await keptKeys?.forget(own);
      library.audit.record('setting', '', { what: 'key store', on: false });
      return await status();
    },
    async changePassphrase({ secret, passphrase }) {
      files.refuseIfReadOnly();
      await changePassphrase(dir, secret, passphrase);
      library.audit.record('setting', '', { what: 'passphrase' });
      return await status();
    },
    async changeRecoveryKey({ secret }) {
      files.refuseIfReadOnly();
      const recoveryKey = await changeRecoveryKey(dir, secret);
      library.audit.record('setting', '', { what: 'recovery key' });
      return { recoveryKey };
    },
    async confirmRecoveryKey() {
      files.refuseIfReadOnly();
      await confirmRecoveryKey(dir);
      library.audit.record('setting', '', { what: 'recovery key kept' });
      return await status();
    },
  };
}

/** The same of a library that waits for its passphrase. @param dir the library's folder */
export function createShutEncryptionService(dir: string, reopen: Reopen): EncryptionService {
  return {
    status: () => ({ shut: true, encrypted: true, keyStore: 'none', recoveryKept: true, converting: null }),
    async unlock({ secret }) {
      const file = readKeyFile(dir);
      // Looked at before anything is closed: a wrong one changes nothing.
      const key = file === null ? null : await unlockTyped(file, secret);
      await reopen(() => Promise.resolve({ key }));
      const recoveryKept = recoveryKeyIsKept(dir);
      return { shut: false, encrypted: file !== null, keyStore: 'none', recoveryKept, converting: null };
    },
    begin: shut,
    end: shut,
    remember: shut,
    forget: shut,
    changePassphrase: shut,
    changeRecoveryKey: shut,
    confirmRecoveryKey: shut,
  };
}

export function shut(): never {
  throw new ServiceError(
    'PASSPHRASE_NEEDED',
    'This library is encrypted. Give its passphrase or its recovery key to open it.',
  );
}
