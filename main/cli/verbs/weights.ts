/** @file `weights verify FILE`: layout, variant and checksum of a safetensors file; refuses what no run could start from. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { importWeights } from '../../numeric/weights/import-weights.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import { readSafetensors } from '../../numeric/weights/safetensors.ts';
import { Refusal, type Verb } from '../verb.ts';

const VARIANTS: Readonly<Record<number, string>> = { 192: 'tiny', 384: 'small', 768: 'base' };

async function verify(file: string) {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${file} could not be read: ${(error as Error).message}`, { file });
  }
  try {
    const { layout, config } = importWeights(bytes);
    return {
      layout,
      variant: config.depth === 12 ? (VARIANTS[config.width] ?? null) : null,
      tensors: readSafetensors(bytes).tensors.size,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  } catch (error) {
    if (error instanceof WeightsError) throw new Refusal(error.code, error.message, { file });
    throw error;
  }
}

export const weights: Verb = {
  name: 'weights',
  usage: 'weights verify FILE',
  summary: 'layout, variant, tensors and checksum of a safetensors file',
  options: {},
  run: async ({ positionals }) => {
    const [action, file] = positionals;
    if (action !== 'verify' || file === undefined || positionals.length > 2) {
      throw new Refusal('BAD_INPUT', 'Use: chestlight weights verify FILE');
    }
    const json = await verify(file);
    return {
      json,
      text: Object.entries(json)
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
    };
  },
};
