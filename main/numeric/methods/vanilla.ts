/** @file Vanilla distillation: soft logits of both tasks. */
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const vanilla: MethodDefinition = {
  name: 'vanilla',
  ...NEEDS.vanilla,
  explanation: "The teacher's soft logits of both tasks (Table 2, Vanilla).",
};
