/** @file Contract of readers: several on one workstation, each with a PIN. Who signed in is named by a token of the window. */
import { z } from 'zod';

import { READER_ROLES } from '../domain/review.ts';
import { empty, procedure, readerId } from './base.ts';
import { reader, readerName } from './review.ts';

export const pin = z.string().regex(/^[0-9]{4,12}$/, 'A PIN is 4 to 12 digits.');

/** Says to the app who is at the window. Lives in memory only: it is gone when either of them is closed. */
export const readerToken = z.string().regex(/^[0-9A-Za-z_-]{43}$/, 'Sign in first.');

export const knownReader = reader.extend({
  /** False: a reader of another site, known by name only. */
  canSignIn: z.boolean(),
  /** Seconds until the next try after wrong PINs; 0 = now. */
  waitSeconds: z.number().int().nonnegative(),
});
export type KnownReader = z.infer<typeof knownReader>;

export const signedIn = z.object({ token: readerToken, reader });
export type SignedIn = z.infer<typeof signedIn>;

const byToken = z.object({ token: readerToken });

export const readersContract = {
  /** By name. `needsOwner`: nobody can manage reviews yet, so whoever comes first may become the owner. */
  list: procedure.input(empty).output(z.object({ readers: z.array(knownReader), needsOwner: z.boolean() })),
  /** The first owner, signed in at once. Refused when there is one. */
  firstOwner: procedure.input(z.object({ name: readerName, pin })).output(signedIn),
  /** Owners only. */
  add: procedure
    .input(byToken.extend({ name: readerName, role: z.enum(READER_ROLES), pin }))
    .output(knownReader),
  /** WRONG_PIN says in `detail.waitSeconds` how long the next try has to wait. */
  signIn: procedure.input(z.object({ readerId, pin })).output(signedIn),
  signOut: procedure.input(byToken).output(empty),
  /** Who the token belongs to; null = to nobody any more. */
  whoAmI: procedure.input(byToken).output(reader.nullable()),
  /** Signs the reader out of every other window. */
  changePin: procedure.input(byToken.extend({ pin, newPin: pin })).output(empty),
  /** Owners only. What was read stays under the new name. CONFLICT: the last owner who can sign in stays one; the name is taken. */
  change: procedure
    .input(byToken.extend({ readerId, name: readerName, role: z.enum(READER_ROLES) }))
    .output(knownReader),
  /** Owners only: the reader signs in no more, and what was read stays. `resetPin` brings one back. CONFLICT as `change`. */
  retire: procedure.input(byToken.extend({ readerId })).output(empty),
  /** Owners only: for a reader who forgot it. */
  resetPin: procedure.input(byToken.extend({ readerId, newPin: pin })).output(empty),
};
