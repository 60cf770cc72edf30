/** @file What each method needs of a teacher, without the tensors: planning, estimates and the command line read it here. */
import type { LossSettings, Method } from '../../../shared/domain/recipe.ts';

/** Teacher knowledge kept per film: nothing, mean of all H_i [N, D], last H_L [N, D], or all [L, N, D]. */
export type FeatureKind = 'none' | 'mean' | 'last' | 'blocks';

export interface MethodNeeds {
  /** Uses the teacher's soft logits. */
  readonly logits: boolean;
  readonly feature: FeatureKind;
}

export const NEEDS: Readonly<Record<Method, MethodNeeds>> = {
  teacher: { logits: false, feature: 'none' },
  none: { logits: false, feature: 'none' },
  vanilla: { logits: true, feature: 'none' },
  'last-block': { logits: true, feature: 'last' },
  'one-to-one': { logits: true, feature: 'blocks' },
  mlcak: { logits: true, feature: 'mean' },
  pretrain: { logits: false, feature: 'none' },
};

/** True for the methods that are taught by a teacher. */
export function isTaught(method: Method): boolean {
  return NEEDS[method].logits;
}

/** Teacher knowledge a run really needs: none of the features when γ = 0, so that γ = 0 is vanilla bit for bit. */
export function neededFeature(name: Method, loss: LossSettings): FeatureKind {
  return loss.gamma === 0 ? 'none' : NEEDS[name].feature;
}
