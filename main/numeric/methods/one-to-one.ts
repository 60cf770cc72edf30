/** @file One-to-one transfer: soft logits and every block's output; the mean over blocks of MSE(H_i). */
import { stackBlocks } from './features.ts';
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const oneToOne: MethodDefinition = {
  name: 'one-to-one',
  ...NEEDS['one-to-one'],
  explanation: "Soft logits and every block's output, block by block (Table 2, 1:1).",
  studentFeature: stackBlocks,
};
