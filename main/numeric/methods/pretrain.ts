/** @file Pre-training: films without labels; its losses are in ../pretrain. */
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const pretrain: MethodDefinition = {
  name: 'pretrain',
  ...NEEDS.pretrain,
  explanation: "No labels: hidden patches of a film, or a larger model's tokens, are predicted.",
};
