/** @file No distillation: the low-resolution baseline. */
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const none: MethodDefinition = {
  name: 'none',
  ...NEEDS.none,
  explanation: 'Classification loss on the low-resolution film, no teacher (Table 1, LR columns).',
};
