/** @file Readers of this workstation as the window asks for them: the first owner, others, their PINs, signing in and out. */
import { randomBytes } from 'node:crypto';

import type { KnownReader, SignedIn } from '../../../shared/contract/readers.ts';
import type { Reader } from '../../../shared/contract/review.ts';
import type { ReaderId } from '../../../shared/domain/ids.ts';
import { mayAct, type ReaderRole, type ReviewAct } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { ReaderRow } from '../../store/readers.ts';
import type { Store } from '../../store/store.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, ReadersService } from '../service-types.ts';
import { hashPin } from './pin-hash.ts';
import { waitLeftMs, type SignIn } from './sign-in.ts';

/** @throws ServiceError NOT_ALLOWED */
export function refuseUnlessMay(reader: Reader, act: ReviewAct): void {
  if (mayAct(reader.role, act)) return;
  const who = act === 'manage' ? 'an owner' : 'an adjudicator or an owner';
  throw new ServiceError(
    'NOT_ALLOWED',
    `Only ${who} may do this, and ${reader.name} is signed in as ${reader.role}. Nothing was changed.`,
    { role: reader.role, act },
  );
}

/**
 * An act that is an owner's where the library has readers; one that nobody signs in to belongs to whoever has it open.
 * @param act words of it, after "Sign in as owner (under Review) to"
 * @returns the owner; null where nobody signs in
 * @throws ServiceError SIGNED_OUT, NOT_ALLOWED
 */
export function refuseUnlessOwner(
  { store, signIn }: { readonly store: Store; readonly signIn: Pick<SignIn, 'reader'> },
  token: string | null,
  act: string,
): Reader | null {
  if (token === null) {
    if (store.readers.all().length === 0) return null;
    throw new ServiceError('SIGNED_OUT', `Sign in as owner (under Review) to ${act}. Nothing was changed.`);
  }
  const reader = signIn.reader(token);
  refuseUnlessMay(reader, 'manage');
  return reader;
}

export function createReadersService(library: OpenLibrary, signIn: SignIn, clock: Clock): ReadersService {
  const { store, files, audit } = library;

  const hasOwner = (): boolean =>
    store.readers.all().some(({ role, pinHash }) => role === 'owner' && pinHash !== null);

  function known({ pinHash, wrong, ...row }: ReaderRow): KnownReader {
    return {
      ...row,
      canSignIn: pinHash !== null,
      waitSeconds: Math.ceil(waitLeftMs(wrong, clock.now()) / 1000),
    };
  }

  function keep(name: string, role: ReaderRole, pinHash: string): ReaderRow {
    const id = `reader-${randomBytes(8).toString('hex')}` as ReaderId;
    const made = { id, name, role, createdAt: clock.now() };
    store.readers.add({ ...made, pinHash });
    audit.record('review', id, { what: 'reader added', role });
    return { ...made, pinHash, wrong: { count: 0, lastAt: 0 } };
  }

  function enter({ id, name, role, createdAt }: ReaderRow): SignedIn {
    audit.record('sign-in', id, { outcome: 'signed in' });
    return { token: signIn.open(id), reader: { id, name, role, createdAt } };
  }

  function refuseSecondOwner(): void {
    if (!hasOwner()) return;
    throw new ServiceError('CONFLICT', 'There is an owner already. Sign in, or ask an owner to add you.');
  }

  /** @throws ServiceError SIGNED_OUT, NOT_ALLOWED, NOT_FOUND */
  function ownerAnd(
    token: string,
    readerId: ReaderId,
  ): { readonly owner: Reader; readonly reader: ReaderRow } {
    files.refuseIfReadOnly();
    const owner = signIn.reader(token);
    refuseUnlessMay(owner, 'manage');
    const reader = store.readers.find(readerId);
    if (reader !== null) return { owner, reader };
    throw new ServiceError('NOT_FOUND', 'This reader is not known here. Nothing was changed.', { readerId });
  }

  /** @throws ServiceError CONFLICT nobody would be left who can manage readers and sessions */
  function refuseLastOwner({ id, role, name }: ReaderRow): void {
    if (role !== 'owner') return;
    const others = store.readers
      .all()
      .filter((one) => one.role === 'owner' && one.id !== id && one.pinHash !== null);
    if (others.length > 0) return;
    throw new ServiceError(
      'CONFLICT',
      `${name} is the only owner who can sign in. Make somebody else an owner first. Nothing was changed.`,
    );
  }

  return {
    list: () => ({ readers: store.readers.all().map(known), needsOwner: !hasOwner() }),
    async firstOwner({ name, pin }) {
      files.refuseIfReadOnly();
      refuseSecondOwner();
      const pinHash = await hashPin(pin);
      return store.transaction(() => {
        refuseSecondOwner(); // two windows may have asked at once
        return enter(keep(name, 'owner', pinHash));
      });
    },
    async add({ token, name, role, pin }) {
      files.refuseIfReadOnly();
      refuseUnlessMay(signIn.reader(token), 'manage');
      const pinHash = await hashPin(pin);
      return store.transaction(() => known(keep(name, role, pinHash)));
    },
    async signIn({ readerId, pin }) {
      files.refuseIfReadOnly(); // wrong PINs could not be counted
      return enter(await signIn.check(readerId, pin));
    },
    signOut({ token }) {
      signIn.close(token);
      return {};
    },
    whoAmI: ({ token }) => signIn.who(token),
    async changePin({ token, pin, newPin }) {
      files.refuseIfReadOnly();
      const { id } = signIn.reader(token);
      await signIn.check(id, pin);
      store.readers.setPin(id, await hashPin(newPin));
      signIn.closeAll(id, token);
      audit.record('review', id, { what: 'PIN changed' });
      return {};
    },
    change({ token, readerId, name, role }) {
      const { owner, reader } = ownerAnd(token, readerId);
      if (reader.name !== name || reader.role !== role) {
        store.transaction(() => {
          if (role !== 'owner') refuseLastOwner(reader);
          store.readers.change(readerId, { name, role });
        });
        const renamed = reader.name === name ? {} : { renamed: true };
        audit.record('review', readerId, { what: 'reader changed', by: owner.id, role, ...renamed });
      }
      return known(store.readers.find(readerId) ?? reader);
    },
    retire({ token, readerId }) {
      const { owner, reader } = ownerAnd(token, readerId);
      store.transaction(() => {
        refuseLastOwner(reader);
        store.readers.clearPin(readerId);
      });
      signIn.closeAll(readerId);
      audit.record('review', readerId, { what: 'reader retired', by: owner.id });
      return {};
    },
    async resetPin({ token, readerId, newPin }) {
      const { owner } = ownerAnd(token, readerId);
      store.readers.setPin(readerId, await hashPin(newPin));
      signIn.closeAll(readerId, token);
      audit.record('review', readerId, { what: 'PIN set by an owner', by: owner.id });
      return {};
    },
  };
}
