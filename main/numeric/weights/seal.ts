/**
 * @file What a signature on a weights file is made over, and where it stands: in the file's own metadata, so that a signed file is
 * a safetensors file like any other. The order of tensors and the spaces of the header do not count; every value does.
 */
import { createHash } from 'node:crypto';

import { readSafetensors } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

/** Key of the file's metadata under which the signature stands. */
export const SIGNATURE_KEY = 'chestlight.signature';

export interface Seal {
  /** Names, types, shapes and SHA-256 of all tensors, and all metadata but the signature, in a fixed order. */
  readonly statement: Uint8Array;
  /** What stands under SIGNATURE_KEY; null = the file is not signed. */
  readonly signature: string | null;
}

const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** @throws WeightsError for anything but a safetensors file */
export function sealOf(file: Uint8Array): Seal {
  const { tensors, metadata } = readSafetensors(file);
  const described = [...tensors]
    .map(([name, { dtype, shape, bytes }]): [string, string, readonly number[], string] => [
      name,
      dtype,
      shape,
      createHash('sha256').update(bytes).digest('hex'),
    ])
    .sort(byName);
  const said = [...metadata].filter(([key]) => key !== SIGNATURE_KEY).sort(byName);
  return {
    statement: new TextEncoder().encode(JSON.stringify({ tensors: described, metadata: said })),
    signature: metadata.get(SIGNATURE_KEY) ?? null,
  };
}

/** The file with `signature` in its metadata, in the place of one that was there. @throws WeightsError */
export function withSignature(file: Uint8Array, signature: string): Uint8Array {
  readSafetensors(file);
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
    string,
    unknown
  >;
  const metadata = { ...(header['__metadata__'] as object | undefined), [SIGNATURE_KEY]: signature };
  const json = new TextEncoder().encode(JSON.stringify({ ...header, __metadata__: metadata }));
  const padded = Math.ceil(json.length / 8) * 8;
  const data = file.subarray(8 + length);
  const signed = new Uint8Array(8 + padded + data.length);
  new DataView(signed.buffer).setBigUint64(0, BigInt(padded), true);
  signed.fill(0x20, 8, 8 + padded).set(json, 8);
  signed.set(data, 8 + padded);
  if (sealOf(signed).signature !== signature)
    throw new WeightsError('header', 'The header cannot be signed.');
  return signed;
}
