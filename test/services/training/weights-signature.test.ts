/** @file Signed weights: what leaves a library says whose it is, stays a safetensors file, and does not survive a change. */
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openSigningKey, type SigningKey } from '../../../main/files/signing-key.ts';
import { plainVault } from '../../../main/files/vault.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../../main/numeric/weights/import-weights.ts';
import { readSafetensors } from '../../../main/numeric/weights/safetensors.ts';
import { SIGNATURE_KEY, withSignature } from '../../../main/numeric/weights/seal.ts';
import { initParameters } from '../../../main/numeric/vit/init.ts';
import { vitConfig } from '../../../main/numeric/vit/config.ts';
import { trust } from '../../../main/services/library/trusted-signers.ts';
import { importStart, listStarts } from '../../../main/services/training/start-weights.ts';
import { signerOf, signWeights } from '../../../main/services/training/weights-signature.ts';
import { LAYOUTS } from '../../../main/numeric/weights/layouts.ts';
import { small, weightsOf } from '../../numeric/reference.ts';
import { tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';

const newKey = (): Promise<SigningKey> => openSigningKey(join(tempFolder(), 'signing.key'), plainVault());

describe('a signature', () => {
  it.each(LAYOUTS)('is in the file of layout %s, which other programs read as before', async (layout) => {
    const key = await newKey();
    const file = exportWeights(weightsOf(small, 1), small, layout);
    expect(signerOf(file)).toBeNull();
    const signed = signWeights(file, key);
    expect(signerOf(signed)).toEqual({ publicKey: key.publicKey, fingerprint: key.fingerprint });
    const [before, after] = [readSafetensors(file), readSafetensors(signed)];
    expect([...after.tensors]).toEqual([...before.tensors]);
    expect([...after.metadata].filter(([name]) => name !== SIGNATURE_KEY)).toEqual([...before.metadata]);
    expect(importWeights(signed).weights).toEqual(importWeights(file).weights);
  });

  it('is replaced by signing again, and is the same for the same file and key', async () => {
    const [first, second] = [await newKey(), await newKey()];
    const file = exportWeights(weightsOf(small, 1), small, 'app');
    const signed = signWeights(file, first);
    expect(signWeights(file, first)).toEqual(signed);
    expect(signerOf(signWeights(signed, second))?.fingerprint).toBe(second.fingerprint);
  });

  it('does not hold when a value, a name or a word of the description was changed', async () => {
    const key = await newKey();
    const file = exportWeights(weightsOf(small, 1), small, 'app', {
      metadata: { 'chestlight.findings': '["A"]' },
    });
    const signed = signWeights(file, key);
    const refused = (bytes: Uint8Array) =>
      expect(() => signerOf(bytes)).toThrow(expect.objectContaining({ detail: { reason: 'bad-signature' } }));
    const value = Uint8Array.from(signed);
    value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
    refused(value);
    const text = Buffer.from(signed).toString('latin1');
    const edited = (from: string, to: string) =>
      new Uint8Array(Buffer.from(text.replace(from, to), 'latin1'));
    refused(edited('[\\"A\\"]', '[\\"B\\"]'));
    refused(edited('"t1.bias"', '"t1.biaz"'));
    refused(withSignature(signed, 'not a signature'));
    refused(withSignature(signed, JSON.stringify({ publicKey: 'AAAA', signature: 'AAAA' })));
    // Another key's signature of other weights.
    const other = readSafetensors(signWeights(exportWeights(weightsOf(small, 2), small, 'app'), key));
    refused(withSignature(file, other.metadata.get(SIGNATURE_KEY) ?? ''));
  });
});

describe('start weights', () => {
  const vit = vitConfig('tiny', { t1Units: 4 });
  const weights = exportWeights(initParameters(vit, 5), vit, 'timm');
  const about = { title: 'A start', licence: 'MIT' };
  const clock = testClock();

  it('tell who signed them: this library, one that is known, or a stranger by the fingerprint; or nobody', async () => {
    const { library } = await tempLibrary();
    const own = await library.files.signingKey();
    const [known, stranger] = [await newKey(), await newKey()];
    trust(library, { publicKey: known.publicKey, name: 'The other site', since: 1 });
    const signerAfter = async (file: Uint8Array) => {
      const { id } = await importStart(library, clock, file, about);
      return (await listStarts(library)).find((one) => one.id === id)?.signer;
    };
    expect(await signerAfter(weights)).toBeNull();
    expect(await signerAfter(signWeights(weights, own))).toEqual({
      fingerprint: own.fingerprint,
      isKnown: true,
    });
    expect(await signerAfter(signWeights(weights, known))).toEqual({
      fingerprint: known.fingerprint,
      isKnown: true,
    });
    expect(await signerAfter(signWeights(weights, stranger))).toEqual({
      fingerprint: stranger.fingerprint,
      isKnown: false,
    });
  });

  it('that were changed since they were signed are not kept', async () => {
    const { library } = await tempLibrary();
    const signed = signWeights(weights, await newKey());
    const changed = Uint8Array.from(signed);
    changed[changed.length - 2] = (changed.at(-2) ?? 0) ^ 1;
    await expect(importStart(library, clock, changed, about)).rejects.toMatchObject({
      code: 'UNREADABLE_FILE',
      message: expect.stringContaining('changed after they were signed') as string,
    });
    expect((await listStarts(library)).filter(({ bundled }) => !bundled)).toEqual([]);
  });
});
