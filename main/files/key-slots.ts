/**
 * @file The key of an encrypted library, wrapped once by a passphrase and once by a recovery key: encryption.json. Whoever has either
 * has the library; without both nobody has. The library's key itself is never written.
 */
import * as crypto from 'node:crypto';
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

import { argon2idAsync } from '@noble/hashes/argon2.js';
import { z } from 'zod';

import { LONGEST_PASSPHRASE, SHORTEST_PASSPHRASE } from '../../shared/domain/passphrase.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';

export const LIBRARY_KEY_BYTES = 32;
/** OWASP's first choice for argon2id has 46 MiB and one pass, this two: a disk that was carried off can be tried for years. */
const COST = { m: 47_104, t: 2, p: 1 } as const;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const base64 = (length: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length === length);
const sealed = { nonce: base64(NONCE_BYTES), wrapped: base64(LIBRARY_KEY_BYTES + TAG_BYTES) };

/** A file that came from elsewhere cannot ask for more memory or time than this. */
const keyFile = z.strictObject({
  version: z.literal(1),
  state: z.enum(['encrypted', 'encrypting', 'decrypting']),
  /** Of the encrypted library: its slots do not open another one. */
  id: base64(16),
  passphrase: z.strictObject({
    salt: base64(16),
    m: z.number().int().min(19_456).max(262_144),
    t: z.number().int().min(2).max(16),
    p: z.number().int().min(1).max(8),
    ...sealed,
  }),
  recovery: z.strictObject({ salt: base64(16), ...sealed }),
  /** There while nobody has said that they keep the recovery key: it may never have been seen. */
  recoveryKept: z.literal(false).optional(),
});
type KeyFile = z.infer<typeof keyFile>;
/** `encrypting` and `decrypting`: files of both kinds lie in the folder until the conversion has ended. */
export type EncryptionState = KeyFile['state'];

/** 32 letters of Douglas Crockford's base 32: none is mistaken for another. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RECOVERY_BYTES = 20;
const CHECK_LETTERS = 4;
const GROUP = 4;

function lettersOf(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => LETTERS[Number.parseInt(five, 2)] ?? '').join('');
}

const checkOf = (bytes: Uint8Array): string =>
  lettersOf(
    createHash('sha256').update('chestlight recovery key').update(bytes).digest().subarray(0, 5),
  ).slice(0, CHECK_LETTERS);

/** A recovery key as it is printed: nine groups of four letters, the last of which tells slips of the pen. */
export function printedRecoveryKey(bytes: Uint8Array): string {
  return ((lettersOf(bytes) + checkOf(bytes)).match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/** @throws ServiceError BAD_INPUT when it cannot be one: a letter is missing or wrong */
export function readRecoveryKey(printed: string): Uint8Array {
  const text = printed.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1').replaceAll(/[\s-]/g, '');
  const values = Array.from(text, (letter) => LETTERS.indexOf(letter));
  const letters = (RECOVERY_BYTES * 8) / 5;
  if (text.length === letters + CHECK_LETTERS && !values.includes(-1)) {
    const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('');
    const bytes = Uint8Array.from({ length: RECOVERY_BYTES }, (_, index) =>
      Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
    );
    if (checkOf(bytes) === text.slice(letters)) return bytes;
  }
  throw new ServiceError(
    'BAD_INPUT',
    'This is not a whole recovery key: it has nine groups of four letters and digits, and one of them is missing or mistyped.',
  );
}

/** @throws ServiceError BAD_INPUT */
function checkPassphrase(passphrase: string): Buffer {
  const text = passphrase.normalize('NFKC');
  if ([...text].length < SHORTEST_PASSPHRASE || text.length > LONGEST_PASSPHRASE) {
    throw new ServiceError(
      'BAD_INPUT',
      `A passphrase has at least ${SHORTEST_PASSPHRASE} letters. Four or five unrelated words are good.`,
    );
  }
  return Buffer.from(text, 'utf8');
}

/** OpenSSL's argon2id where this Node has it (24.7 and later), else the one in JavaScript, which takes twenty times as long. */
async function passphraseKey(
  text: Uint8Array,
  { salt, m, t, p }: { salt: Uint8Array; m: number; t: number; p: number },
): Promise<Uint8Array> {
  const native = (crypto as Partial<typeof crypto>).argon2;
  if (native === undefined) {
    const rules = { m, t, p, version: 0x13, dkLen: 32 };
    return await argon2idAsync(new Uint8Array(text), new Uint8Array(salt), rules);
  }
  return await new Promise((resolve, reject) => {
    const asked = { message: text, nonce: salt, parallelism: p, tagLength: 32, memory: m, passes: t };
    native('argon2id', asked, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

/** 160 random bits need no slow hash. */
const recoveryKey = (bytes: Uint8Array, salt: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', bytes, salt, 'chestlight recovery key', 32));

/** What a wrapped key is bound to: its library, which of the two slots, and what the slot was made with. */
const bound = (id: Uint8Array, about: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify(['chestlight library key', 1, Buffer.from(id).toString('base64'), ...about]));

function wrap(key: Uint8Array, libraryKey: Uint8Array, aad: Uint8Array) {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  return { nonce, wrapped: Buffer.concat([cipher.update(libraryKey), cipher.final(), cipher.getAuthTag()]) };
}

/** null = another key, or the slot was changed. */
function unwrap(
  key: Uint8Array,
  { nonce, wrapped }: { nonce: Uint8Array; wrapped: Uint8Array },
  aad: Uint8Array,
) {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  decipher.setAuthTag(wrapped.subarray(LIBRARY_KEY_BYTES));
  const opened = decipher.update(wrapped.subarray(0, LIBRARY_KEY_BYTES));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return new Uint8Array(opened);
}

async function passphraseSlot(
  id: Uint8Array,
  passphrase: string,
  libraryKey: Uint8Array,
): Promise<KeyFile['passphrase']> {
  const about = { salt: randomBytes(16), ...COST };
  const key = await passphraseKey(checkPassphrase(passphrase), about);
  return { ...about, ...wrap(key, libraryKey, bound(id, ['passphrase', COST.m, COST.t, COST.p])) };
}

/** A recovery key drawn here, and the slot that it opens. */
function recoverySlot(id: Uint8Array, libraryKey: Uint8Array) {
  const recovery = randomBytes(RECOVERY_BYTES);
  const salt = randomBytes(16);
  const slot = { salt, ...wrap(recoveryKey(recovery, salt), libraryKey, bound(id, ['recovery'])) };
  return { slot, recoveryKey: printedRecoveryKey(recovery) };
}

function written(file: KeyFile): Uint8Array {
  const text = JSON.stringify(file, (_, value: unknown) => {
    // Buffers come here as their JSON form.
    const bytes = z.object({ type: z.literal('Buffer'), data: z.array(z.number()) }).safeParse(value);
    return bytes.success ? Buffer.from(bytes.data.data).toString('base64') : value;
  });
  return new TextEncoder().encode(`${text}\n`);
}

/** @throws ServiceError CORRUPT_LIBRARY */
function parsed(bytes: Uint8Array): KeyFile {
  try {
    return keyFile.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new ServiceError(
      'CORRUPT_LIBRARY',
      'The file encryption.json of this encrypted library is damaged. Nothing was changed; restore it from a copy: without it neither passphrase nor recovery key open the library.',
    );
  }
}

export interface MadeKeys {
  /** encryption.json. */
  readonly file: Uint8Array;
  readonly libraryKey: Uint8Array;
  /** As printed; it is nowhere else. */
  readonly recoveryKey: string;
}

/** A new key for a library. @throws ServiceError BAD_INPUT for too short a passphrase */
export async function makeKeys(passphrase: string, state: EncryptionState = 'encrypted'): Promise<MadeKeys> {
  const id = randomBytes(16);
  const libraryKey = new Uint8Array(randomBytes(LIBRARY_KEY_BYTES));
  const made = recoverySlot(id, libraryKey);
  const file: KeyFile = {
    version: 1,
    state,
    id,
    passphrase: await passphraseSlot(id, passphrase, libraryKey),
    recovery: made.slot,
    recoveryKept: false,
  };
  return { file: written(file), libraryKey, recoveryKey: made.recoveryKey };
}

/** What a person has: one of the two. */
export type Secret = { readonly passphrase: string } | { readonly recoveryKey: string };

/** @throws ServiceError NOT_ALLOWED for the wrong one, BAD_INPUT a mistyped recovery key, CORRUPT_LIBRARY */
export async function unlock(file: Uint8Array, secret: Secret): Promise<Uint8Array> {
  const { id, passphrase, recovery } = parsed(file);
  if ('recoveryKey' in secret) {
    const key = recoveryKey(readRecoveryKey(secret.recoveryKey), recovery.salt);
    const opened = unwrap(key, recovery, bound(id, ['recovery']));
    if (opened !== null) return opened;
    throw new ServiceError('NOT_ALLOWED', 'This is the recovery key of another library.');
  }
  const { m, t, p } = passphrase;
  const key = await passphraseKey(Buffer.from(secret.passphrase.normalize('NFKC'), 'utf8'), passphrase);
  const opened = unwrap(key, passphrase, bound(id, ['passphrase', m, t, p]));
  if (opened !== null) return opened;
  throw new ServiceError('NOT_ALLOWED', 'This is not the passphrase of this library. Nothing was opened.');
}

/** encryption.json with another passphrase; the recovery key stays. @throws ServiceError as `unlock`, BAD_INPUT */
export async function withPassphrase(
  file: Uint8Array,
  secret: Secret,
  passphrase: string,
): Promise<Uint8Array> {
  checkPassphrase(passphrase);
  const libraryKey = await unlock(file, secret);
  const slots = parsed(file);
  return written({ ...slots, passphrase: await passphraseSlot(slots.id, passphrase, libraryKey) });
}

/** encryption.json with another recovery key, which is told once; the one before opens nothing any more. @throws ServiceError as `unlock` */
export async function withRecoveryKey(
  file: Uint8Array,
  secret: Secret,
): Promise<{ readonly file: Uint8Array; readonly recoveryKey: string }> {
  const libraryKey = await unlock(file, secret);
  const slots = parsed(file);
  const made = recoverySlot(slots.id, libraryKey);
  const changed = { ...slots, recovery: made.slot, recoveryKept: false } as const;
  return { file: written(changed), recoveryKey: made.recoveryKey };
}

/** Whether somebody has said that they keep the recovery key. @throws ServiceError CORRUPT_LIBRARY */
export function isRecoveryKept(file: Uint8Array): boolean {
  return parsed(file).recoveryKept !== false;
}

/** encryption.json once somebody has said so. @throws ServiceError CORRUPT_LIBRARY */
export function withRecoveryKept(file: Uint8Array): Uint8Array {
  const { recoveryKept: _, ...slots } = parsed(file);
  return written(slots);
}

/** @throws ServiceError CORRUPT_LIBRARY */
export function stateOf(file: Uint8Array): EncryptionState {
  return parsed(file).state;
}

/** @throws ServiceError CORRUPT_LIBRARY */
export function withState(file: Uint8Array, state: EncryptionState): Uint8Array {
  return written({ ...parsed(file), state });
}

/** What the database of a library is encrypted with: 32 bytes that tell nothing of the library's own key. */
export function databaseKey(libraryKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', libraryKey, new Uint8Array(), 'chestlight database', 32));
}

/**
 * What a person typed or a file holds: a recovery key where it is one, else a passphrase.
 * @throws ServiceError as `unlock`
 */
export async function unlockTyped(file: Uint8Array, typed: string): Promise<Uint8Array> {
  return await unlock(file, await secretOf(file, typed));
}

/** Which of the two was typed; what looks like a recovery key and is none of this library may still be its passphrase. */
export async function secretOf(file: Uint8Array, typed: string): Promise<Secret> {
  try {
    readRecoveryKey(typed);
  } catch {
    return { passphrase: typed };
  }
  try {
    await unlock(file, { recoveryKey: typed });
    return { recoveryKey: typed };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'NOT_ALLOWED') throw error;
    const opens = await unlock(file, { passphrase: typed }).then(
      () => true,
      () => false,
    );
    if (opens) return { passphrase: typed };
    throw error;
  }
}

/** Which encrypted library it is, in hexadecimal. @throws ServiceError CORRUPT_LIBRARY */
export function idOf(file: Uint8Array): string {
  return parsed(file).id.toString('hex');
}
