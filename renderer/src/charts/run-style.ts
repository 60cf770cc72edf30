/** @file How a run looks in every chart and table: hue by method (by system within a study), dash by resolution. */
import type { Method, Resolution } from '../../../shared/domain/recipe.ts';

const DASHES: Readonly<Record<Resolution, readonly number[] | undefined>> = {
  224: undefined,
  112: [10, 4],
  56: [6, 4],
  28: undefined,
};

/** Custom property of a method's hue. */
export function methodColour(method: Method): string {
  return `--run-${method}`;
}

/** The same for style attributes. */
export function methodColourValue(method: Method): string {
  return `var(--run-${method})`;
}

/** Hue of a system of a study: its method's, but that Hinton's form of vanilla distillation has its own. */
export function systemColour(system: string, method: Method): string {
  return system === 'vanilla-hinton' ? '--run-vanilla-hinton' : methodColour(method);
}

export function resolutionDash(resolution: Resolution): readonly number[] | undefined {
  return DASHES[resolution];
}
