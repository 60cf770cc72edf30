/** @file library.key: 32 random bytes, made once, readable by the owner only. Patients are keyed hashes under it. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';

import type { PatientKey } from '../../shared/domain/ids.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { SEALED_MARK } from './sealed-file.ts';
import type { LibraryVault } from './vault.ts';

const KEY_BYTES = 32;

/** Turns an identity into the key under which the library knows the patient. Never stored or logged itself. */
export type PatientHash = (kind: 'patient' | 'film' | 'key', identity: string) => PatientKey;

/**
 * Reads the key, or makes it for a new library.
 * @param mayMake false when the library already has films: a new key would part every patient from their films
 * @throws ServiceError CORRUPT_LIBRARY
 */
export async function openLibraryKey(
  path: string,
  mayMake: boolean,
  vault: LibraryVault,
): Promise<PatientHash> {
  if (!existsSync(path)) {
    if (!mayMake) throw damagedKey('is missing', path);
    await vault.write(path, randomBytes(KEY_BYTES), 0o600);
  }
  const key = await vault.read(path);
  if (SEALED_MARK.equals(key.subarray(0, SEALED_MARK.length))) {
    throw new ServiceError(
      'CORRUPT_LIBRARY',
      'This library is encrypted, and the file encryption.json that its passphrase opens is missing. Nothing was changed; restore it from a copy of the folder.',
      { path },
    );
  }
  if (key.length !== KEY_BYTES) throw damagedKey('is damaged', path);
  return (kind, identity) =>
    createHmac('sha256', key)
      .update(`${kind}\0${identity.normalize('NFC').trim()}`)
      .digest('hex') as PatientKey;
}

function damagedKey(what: string, path: string): ServiceError {
  return new ServiceError(
    'CORRUPT_LIBRARY',
    `The library’s key file ${what}. Without it films can no longer be matched to their patients.` +
      ' Nothing was changed; restore library.key from a copy of the folder.',
    { path },
  );
}
