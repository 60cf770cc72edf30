/**
 * @file Contract of a library's encryption: the way in when it is encrypted, turning it on and off, its passphrase and recovery key. Secrets go
 * in and are not told again, but for a recovery key when it is made.
 */
import { z } from 'zod';

import { LONGEST_PASSPHRASE, SHORTEST_PASSPHRASE } from '../domain/passphrase.ts';
import { empty, procedure } from './base.ts';

export const encryptionStatus = z.object({
  /** The library waits for its passphrase; everything else is refused meanwhile. */
  shut: z.boolean(),
  /** Its files and its database are encrypted, or are being. */
  encrypted: z.boolean(),
  /** The system's key store: there is none here, it may keep the key, it does. */
  keyStore: z.enum(['none', 'offered', 'kept']),
  /** False = nobody has said yet that they keep the recovery key: it may never have been seen. */
  recoveryKept: z.boolean(),
  /** How far a conversion is, in files; null = none is at work. */
  converting: z.object({ done: z.number().int(), total: z.number().int() }).nullable(),
});
export type EncryptionStatus = z.infer<typeof encryptionStatus>;

/** A passphrase or a recovery key, as it was typed. */
const typed = z.string().min(1).max(LONGEST_PASSPHRASE);
const passphrase = z.string().min(SHORTEST_PASSPHRASE).max(LONGEST_PASSPHRASE);
/** Of a signed-in owner; null where the library has no readers. */
const token = z.string().max(200).nullable();
const recovery = z.object({ recoveryKey: z.string() });

export const encryptionContract = {
  status: procedure.input(empty).output(encryptionStatus),
  unlock: procedure.input(z.object({ secret: typed })).output(encryptionStatus),
  /** Encrypts the library and answers when that is done. The recovery key is told this once; what is cut off before asks for a new one. BUSY while something is at work. */
  begin: procedure.input(z.object({ passphrase, token })).output(recovery),
  /** Takes the encryption off and answers when that is done. */
  end: procedure.input(z.object({ secret: typed, token })).output(encryptionStatus),
  /** This account on this computer opens the library without asking from now on. */
  remember: procedure.input(z.object({ secret: typed })).output(encryptionStatus),
  /** It asks again. */
  forget: procedure.input(empty).output(encryptionStatus),
  changePassphrase: procedure.input(z.object({ secret: typed, passphrase })).output(encryptionStatus),
  /** A new recovery key; the one before opens nothing any more. */
  changeRecoveryKey: procedure.input(z.object({ secret: typed })).output(recovery),
  /** Somebody has the recovery key on paper. */
  confirmRecoveryKey: procedure.input(empty).output(encryptionStatus),
};
