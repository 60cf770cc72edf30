/** @file The teacher: classification loss at 224 px. */
import type { MethodDefinition } from './method.ts';
import { NEEDS } from './needs.ts';

export const teacher: MethodDefinition = {
  name: 'teacher',
  ...NEEDS.teacher,
  explanation: 'Classification loss on the 224-px film (Table 1, HR column).',
};
