/** @file Vanilla distillation: soft logits of both tasks. */
import type { MethodDefinition } from './method.ts';

export const vanilla: MethodDefinition = {
  name: 'vanilla',
  logits: true,
  feature: 'none',
  explanation: "The teacher's soft logits of both tasks (Table 2, Vanilla).",
};
