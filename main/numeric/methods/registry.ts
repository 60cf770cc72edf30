/** @file The open registry of methods: a new method is one file, one line here and one in needs.ts. */
import type { Method } from '../../../shared/domain/recipe.ts';
import { lastBlock } from './last-block.ts';
import type { MethodDefinition } from './method.ts';
import { mlcak } from './mlcak.ts';
import { none } from './none.ts';
import { oneToOne } from './one-to-one.ts';
import { pretrain } from './pretrain.ts';
import { teacher } from './teacher.ts';
import { vanilla } from './vanilla.ts';

const METHODS: Readonly<Record<Method, MethodDefinition>> = {
  teacher,
  none,
  vanilla,
  'last-block': lastBlock,
  'one-to-one': oneToOne,
  mlcak,
  pretrain,
};

export function methodDefinition(name: Method): MethodDefinition {
  return METHODS[name];
}
