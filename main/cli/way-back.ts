/**
 * @file The way back in when PINs are forgotten, for whoever owns the library's files: a new PIN for a reader, the window's lock
 * off. It opens nothing that the file's owner could not read anyway, and the audit trail says that it was done here.
 */
import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';

import type { OpenLibrary } from '../services/library/open-library.ts';
import { LOCK_MINUTES_KEY } from '../services/lock/lock-service.ts';
import { hashPin } from '../services/review/pin-hash.ts';
import { Refusal, type VerbResult } from './verb.ts';

const BY = 'command line';

/** The account that owns the folder, or the system's administrator. Windows keeps others out by its own rights. @throws Refusal */
async function refuseOtherAccount({ files }: OpenLibrary): Promise<void> {
  const me = process.getuid?.();
  if (me === undefined || me === 0) return;
  const { uid } = await stat(files.dir);
  if (uid === me) return;
  throw new Refusal(
    'NOT_ALLOWED',
    'The library’s folder belongs to another account of this computer. Nothing was changed; run this as that account.',
  );
}

/** Sets a PIN drawn here, told once: one given as an argument would stand in the shell's history. @throws Refusal NOT_FOUND */
export async function resetPin(library: OpenLibrary, named: string): Promise<VerbResult> {
  await refuseOtherAccount(library);
  const { store, audit } = library;
  const all = store.readers.all();
  const wanted = named.trim().toLowerCase();
  const reader = all.find(({ id, name }) => id === named || name.toLowerCase() === wanted);
  if (reader === undefined) {
    const known = all.length === 0 ? 'it has none' : `it has ${all.map(({ name }) => name).join(', ')}`;
    throw new Refusal('NOT_FOUND', `The library has no reader "${named}"; ${known}. Nothing was changed.`);
  }
  const pin = String(randomInt(0, 100_000_000)).padStart(8, '0');
  const pinHash = await hashPin(pin);
  store.transaction(() => {
    store.readers.setPin(reader.id, pinHash);
    audit.record('review', reader.id, { what: 'PIN set', by: BY });
  });
  return {
    json: { readerId: reader.id, name: reader.name, pin },
    text: `The PIN of ${reader.name} is ${pin} now; it is not told again. Sign in with it and change it under Review. The audit trail says that it was set here.`,
  };
}

/** The window does not lock any more until an owner says so again. */
export async function lockOff(library: OpenLibrary): Promise<VerbResult> {
  await refuseOtherAccount(library);
  const { store, audit } = library;
  store.transaction(() => {
    store.settings.set(LOCK_MINUTES_KEY, 0);
    audit.record('setting', '', { what: 'lock', minutes: 0, by: BY });
  });
  return {
    json: { minutes: 0 },
    text: 'The window does not lock any more. An owner can switch it on again under Settings. The audit trail says that it was switched off here.',
  };
}
