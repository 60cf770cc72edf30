/** @file library.key: 32 random bytes, made once, readable by the owner only. Patients are keyed hashes under it. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import type { PatientKey } from '../../shared/domain/ids.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { writeFileAtomic } from './atomic-write.ts';
import type { Disk } from './disk.ts';

const KEY_BYTES = 32;

/** Turns an identity into the key under which the library knows the patient. Never stored or logged itself. */
export type PatientHash = (kind: 'patient' | 'film' | 'key', identity: string) => PatientKey;

/**
 * Reads the key, or makes it for a new library.
 * @param mayMake false when the library already has films: a new key would part every patient from their films
 * @throws ServiceError CORRUPT_LIBRARY
 */
export async function openLibraryKey(path: string, mayMake: boolean, disk: Disk): Promise<PatientHash> {
  if (!existsSync(path)) {
    if (!mayMake) throw damagedKey('is missing', path);
    await writeFileAtomic(path, randomBytes(KEY_BYTES), { mode: 0o600, disk });
  }
  const key = readFileSync(path);
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
