/** @file No distillation: the low-resolution baseline. */
import type { MethodDefinition } from './method.ts';

export const none: MethodDefinition = {
  name: 'none',
  logits: false,
  feature: 'none',
  explanation: 'Classification loss on the low-resolution film, no teacher (Table 1, LR columns).',
};
