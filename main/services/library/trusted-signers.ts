/** @file Whose signatures a library knows: its own key, and those that a person compared and accepted. */
import { z } from 'zod';

import { fingerprintOf } from '../../files/signing-key.ts';
import type { OpenLibrary } from './open-library.ts';

const SETTING = 'trusted-signers';
const trustedSigners = z
  .array(z.object({ publicKey: z.string(), name: z.string(), since: z.number() }))
  .catch([]);
export type TrustedSigner = z.infer<typeof trustedSigners>[number];

const all = ({ store }: Pick<OpenLibrary, 'store'>): TrustedSigner[] =>
  trustedSigners.parse(store.settings.get(SETTING) ?? []);

/** @param publicKey SPKI in DER, base64 */
export async function isTrusted(
  library: Pick<OpenLibrary, 'store' | 'files'>,
  publicKey: string,
): Promise<boolean> {
  const { files } = library;
  if (all(library).some((one) => one.publicKey === publicKey)) return true;
  return !files.readOnly && (await files.signingKey()).publicKey === publicKey;
}

/** Those that a person accepted, with the fingerprint that was compared. */
export function acceptedSigners(
  library: Pick<OpenLibrary, 'store'>,
): readonly (Omit<TrustedSigner, 'publicKey'> & { readonly fingerprint: string })[] {
  return all(library).map(({ publicKey, ...signer }) => ({
    ...signer,
    fingerprint: fingerprintOf(publicKey),
  }));
}

/** Is accepted no more: what comes from this signer is a stranger's again, what came stays. @returns false = was not accepted */
export function distrust(library: Pick<OpenLibrary, 'store'>, fingerprint: string): boolean {
  const known = all(library);
  const left = known.filter(({ publicKey }) => fingerprintOf(publicKey) !== fingerprint);
  if (left.length === known.length) return false;
  library.store.settings.set(SETTING, left);
  return true;
}

/** Keeps a signer that a person accepted, once. Within the caller's transaction. */
export function trust(library: Pick<OpenLibrary, 'store'>, signer: TrustedSigner): void {
  const known = all(library);
  if (known.some(({ publicKey }) => publicKey === signer.publicKey)) return;
  library.store.settings.set(SETTING, [...known, signer]);
}
