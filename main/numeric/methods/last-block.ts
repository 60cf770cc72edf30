/** @file Last-block transfer: soft logits and H_12. */
import { lastBlockOf } from './features.ts';
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const lastBlock: MethodDefinition = {
  name: 'last-block',
  ...NEEDS['last-block'],
  explanation: "Soft logits and the last block's output (Table 2, Last Block).",
  studentFeature: lastBlockOf,
};
