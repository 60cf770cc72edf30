/** @file Words for results: signed differences, what an interval says about 0, lists of names, names of methods. */
import type { Interval } from '../../../shared/contract/base.ts';
import { formatSigned } from '../../../shared/domain/numbers.ts';
import type { Method, VitVariant } from '../../../shared/domain/recipe.ts';

/** As the window names them. */
export const METHOD_WORDS: Readonly<Record<Method, string>> = {
  teacher: 'Teacher',
  none: 'No distillation',
  vanilla: 'Vanilla KD',
  'last-block': 'Last block',
  'one-to-one': 'One to one',
  mlcak: 'MLCAK',
  pretrain: 'Pre-training',
};

export const MODEL_WORDS: Readonly<Record<VitVariant, string>> = {
  tiny: 'ViT-Tiny',
  small: 'ViT-Small',
  base: 'ViT-Base',
};

/** `+.031 (−.010 to +.072)`. */
export function signedInterval({ value, ci }: Interval, digits = 3): string {
  if (value === null) return '–';
  return ci === null
    ? formatSigned(value, digits)
    : `${formatSigned(value, digits)} (${formatSigned(ci[0], digits)} to ${formatSigned(ci[1], digits)})`;
}

/** Adjusted p from which a difference does not count as shown. */
export const SIGNIFICANT = 0.05;

/** What a paired difference shows: an interval that includes 0 shows nothing either way. */
export function verdict({ value, ci }: Interval): 'better' | 'worse' | 'undecided' | 'undefined' {
  if (value === null || ci === null) return 'undefined';
  if (ci[0] > 0) return 'better';
  return ci[1] < 0 ? 'worse' : 'undecided';
}

/** `A`, `A and B`, `A, B and C`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 film`, `3 films`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
