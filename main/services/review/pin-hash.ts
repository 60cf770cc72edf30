/**
 * @file PINs as argon2id hashes in PHC form, and the comparison of a PIN with one. The readers service calls it; a PIN goes
 * nowhere else. Why this implementation: docs/decisions/0011-readers-and-pins.md.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';

import { argon2idAsync } from '@noble/hashes/argon2.js';

/** OWASP's second choice for argon2id: 19 MiB, two passes, one lane. */
const COST = { m: 19_456, t: 2, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash in a library that came from elsewhere cannot ask for more. */
const MOST = { m: 262_144, t: 16, p: 8 } as const;

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface Cost {
  readonly m: number;
  readonly t: number;
  readonly p: number;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

async function hash(pin: string, salt: Uint8Array, { m, t, p }: Cost, dkLen: number): Promise<Uint8Array> {
  return await argon2idAsync(pin, salt, { m, t, p, version: 0x13, dkLen });
}

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash` with a salt of its own. */
export async function hashPin(pin: string): Promise<string> {
  const salt = new Uint8Array(randomBytes(SALT_BYTES));
  const made = await hash(pin, salt, COST, HASH_BYTES);
  return `$argon2id$v=19$m=${COST.m},t=${COST.t},p=${COST.p}$${base64(salt)}$${base64(made)}`;
}

/** True when `pin` is the one that was hashed. False for a hash that is none of ours or asks for too much. */
export async function isPin(pin: string, phc: string): Promise<boolean> {
  const [, m = '', t = '', p = '', salt = '', kept = ''] = PHC.exec(phc) ?? [];
  const cost = { m: Number(m), t: Number(t), p: Number(p) };
  const sound = cost.p >= 1 && cost.t >= 1 && cost.m >= 8 * cost.p;
  if (!sound || cost.m > MOST.m || cost.t > MOST.t || cost.p > MOST.p) return false;
  const wanted = new Uint8Array(Buffer.from(kept, 'base64'));
  const made = await hash(pin, new Uint8Array(Buffer.from(salt, 'base64')), cost, wanted.length);
  return timingSafeEqual(made, wanted);
}
