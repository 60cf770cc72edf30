/** @file The open registry of methods: a new method is one file and one line here. */
import type { LossSettings, Method } from '../../../shared/domain/recipe.ts';
import { lastBlock } from './last-block.ts';
import type { FeatureKind, MethodDefinition } from './method.ts';
import { mlcak } from './mlcak.ts';
import { none } from './none.ts';
import { oneToOne } from './one-to-one.ts';
import { teacher } from './teacher.ts';
import { vanilla } from './vanilla.ts';

const METHODS: Readonly<Record<Method, MethodDefinition>> = {
  teacher,
  none,
  vanilla,
  'last-block': lastBlock,
  'one-to-one': oneToOne,
  mlcak,
};

export function methodDefinition(name: Method): MethodDefinition {
  return METHODS[name];
}

/** Teacher knowledge a run really needs: none of the features when γ = 0, so that γ = 0 is vanilla bit for bit. */
export function neededFeature(name: Method, loss: LossSettings): FeatureKind {
  return loss.gamma === 0 ? 'none' : METHODS[name].feature;
}
