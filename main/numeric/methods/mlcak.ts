/** @file MLCAK: soft logits and the mean of all block outputs (Eq. 1, Eq. 3 of the paper). */
import { meanOfBlocks } from './features.ts';
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const mlcak: MethodDefinition = {
  name: 'mlcak',
  ...NEEDS.mlcak,
  explanation: 'Soft logits and the mean of all 12 block outputs (Table 2, MLCAK).',
  studentFeature: meanOfBlocks,
};
