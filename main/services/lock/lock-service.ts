/**
 * @file The lock of the window. It is held by the host, so that loading the page again does not open it: while it is locked, calls and
 * bytes about films are refused to every window. It protects a screen that was left, not the files.
 */
import { z } from 'zod';

import type { LockState } from '../../../shared/contract/lock.ts';
import { LOCK_MINUTES } from '../../../shared/domain/lock.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { ByteSources } from '../app.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { SignIn } from '../review/sign-in.ts';
import type { LockService } from '../service-types.ts';

/** Of the setting: minutes until the window locks, 0 = never. */
export const LOCK_MINUTES_KEY = 'lock-minutes';
const stored = z.literal([...LOCK_MINUTES]).catch(0);

/** Minutes after which the window locks; 0 = never. */
export function lockMinutesOf(store: OpenLibrary['store']): (typeof LOCK_MINUTES)[number] {
  return stored.parse(store.settings.get(LOCK_MINUTES_KEY) ?? 0);
}

/** @param by id of the owner who decided, '' = by the command line or where nobody signs in */
export function setLockMinutes(
  { store, audit }: Pick<OpenLibrary, 'store' | 'audit'>,
  minutes: number,
  by: string,
): void {
  store.settings.set(LOCK_MINUTES_KEY, minutes);
  audit.record('setting', by, { what: 'lock', minutes });
}

export interface LockParts {
  readonly service: LockService;
  /** @throws ServiceError LOCKED */
  readonly refuseIfLocked: () => void;
}

export function lockedError(): ServiceError {
  return new ServiceError('LOCKED', 'Chestlight is locked. Enter a PIN to go on; runs go on behind it.');
}

export function createLockService(library: OpenLibrary, signIn: Pick<SignIn, 'check' | 'onlyOf'>): LockParts {
  const { store, files, audit } = library;
  const usable = (): boolean => store.readers.all().some(({ pinHash }) => pinHash !== null);
  const minutes = (): number => lockMinutesOf(store);
  let locked = minutes() > 0 && usable();
  const state = (): LockState => ({ locked, minutes: minutes(), usable: usable() });
  const service: LockService = {
    state,
    lock() {
      if (!usable()) {
        throw new ServiceError(
          'NOT_ALLOWED',
          'Nobody has a PIN here yet, so nothing was locked. Add a reader first.',
        );
      }
      if (!locked) audit.record('lock', '');
      locked = true;
      return state();
    },
    async unlock({ readerId, pin }) {
      const { id } = await signIn.check(readerId, pin);
      if (locked) {
        // Nobody finds what another reader had open.
        signIn.onlyOf(id);
        audit.record('unlock', id);
      }
      locked = false;
      return state();
    },
    async setMinutes({ readerId, pin, minutes: chosen }) {
      files.refuseIfReadOnly();
      const reader = await signIn.check(readerId, pin);
      if (reader.role !== 'owner') {
        throw new ServiceError('NOT_ALLOWED', 'An owner decides when the window locks. Nothing was changed.');
      }
      setLockMinutes(library, chosen, reader.id);
      return state();
    },
  };
  return {
    service,
    refuseIfLocked() {
      if (locked) throw lockedError();
    },
  };
}

/** Bytes as they are while the window is not locked. */
export function lockedBytes(bytes: ByteSources, { refuseIfLocked }: LockParts): ByteSources {
  return new Proxy(bytes, {
    get(target, name: keyof ByteSources) {
      return async (...args: unknown[]): Promise<unknown> => {
        refuseIfLocked();
        return await (Reflect.get(target, name) as (...given: unknown[]) => unknown)(...args);
      };
    },
  });
}
