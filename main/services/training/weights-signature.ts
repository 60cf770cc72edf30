/** @file Weights that leave a library are signed with its key; whose signature weights carry that come in, and whether it holds. */
import { createPublicKey, verify } from 'node:crypto';

import { z } from 'zod';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import { fingerprintOf, type SigningKey } from '../../files/signing-key.ts';
import { sealOf, withSignature } from '../../numeric/weights/seal.ts';

const KIND = 'chestlight weights 1\0';

const signature = z.strictObject({
  /** SPKI in DER, base64. */
  publicKey: z.base64().max(200),
  /** Ed25519, base64. */
  signature: z.base64().max(200),
});

export interface WeightsSigner {
  /** SPKI in DER, base64. */
  readonly publicKey: string;
  /** For people to compare. */
  readonly fingerprint: string;
}

const message = (statement: Uint8Array): Buffer => Buffer.concat([Buffer.from(KIND), statement]);

/** The file with the library's signature. @throws WeightsError for anything but a safetensors file */
export function signWeights(file: Uint8Array, key: SigningKey): Uint8Array {
  const made = Buffer.from(key.sign(message(sealOf(file).statement))).toString('base64');
  return withSignature(file, JSON.stringify({ publicKey: key.publicKey, signature: made }));
}

/**
 * Who signed the file; null = nobody. @throws WeightsError for anything but a safetensors file; ServiceError UNREADABLE_FILE when a
 * signature is there and does not hold: the file was changed since
 */
export function signerOf(file: Uint8Array): WeightsSigner | null {
  const seal = sealOf(file);
  if (seal.signature === null) return null;
  const parsed = signature.safeParse(parseJson(seal.signature));
  if (parsed.success && holds(message(seal.statement), parsed.data)) {
    const { publicKey } = parsed.data;
    return { publicKey, fingerprint: fingerprintOf(publicKey) };
  }
  throw new ServiceError(
    'UNREADABLE_FILE',
    'The weights carry a signature, and it is not of these weights: they were changed after they were signed. Nothing was kept. Get the file again from where it was made.',
    { reason: 'bad-signature' },
  );
}

function holds(signed: Uint8Array, made: z.infer<typeof signature>): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(made.publicKey, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, signed, key, Buffer.from(made.signature, 'base64'));
  } catch {
    return false; // not a key
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
