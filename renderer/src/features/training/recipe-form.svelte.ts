/** @file The recipe as a form: a preset, and the fields that a person has changed. Blank means the preset's value. */
import type { Estimate, RunRequest } from '../../../../shared/contract/training.ts';
import {
  presetRecipe,
  usualWarmup,
  WORTH_MIXING,
  type PresetName,
  type Recipe,
  type VitVariant,
} from '../../../../shared/domain/recipe.ts';
import { epochsOf, mistakeIn, NUMBER_FIELDS, type NumberField, type TypedNumbers } from './recipe-fields.ts';

export class RecipeForm {
  preset = $state<PresetName>('robust');
  seed = $state('1');
  /** What was typed, by field; blank or absent = the preset's value. */
  typed = $state<TypedNumbers>({});
  augment = $state<boolean | null>(null);
  recompute = $state<boolean | null>(null);
  mixed = $state<boolean | null>(null);
  /** The mixed precision that suits this machine, and how many times as fast it is; null = not known. */
  mixedHere = $state<Estimate['mixed']>(null);

  /** Mixed precision: as chosen; else where this machine gains by it. The paper's own setting is single. */
  readonly mixes = $derived(
    this.mixed ?? (this.preset !== 'paper' && this.mixedHere !== null && this.mixedHere.gain >= WORTH_MIXING),
  );

  /** What a blank field stands for, with a model that starts at random or from trained weights. */
  base(model: VitVariant, fromWeights: boolean): Recipe {
    const preset = presetRecipe(this.preset, model, fromWeights);
    return { ...preset, warmupEpochs: usualWarmup(preset, epochsOf(this.typed, this.preset)) };
  }

  choosePreset(preset: PresetName): void {
    this.preset = preset;
    this.typed = {};
    this.augment = null;
    this.recompute = null;
    this.mixed = null;
  }

  /** What is wrong with a field, in words. */
  mistake(field: NumberField): string | undefined {
    return mistakeIn(field, this.typed, this.preset);
  }

  readonly seedMistake = $derived(/^\d{1,9}$/.test(this.seed.trim()) ? undefined : 'A whole number');
  readonly hasMistakes = $derived(
    this.seedMistake !== undefined || NUMBER_FIELDS.some((field) => this.mistake(field) !== undefined),
  );

  /** The changed fields, as a request carries them. */
  changes(): RunRequest['recipe'] {
    const changes: Record<string, number | boolean | string | null> = {};
    for (const field of NUMBER_FIELDS) {
      const text = (this.typed[field.key] ?? '').trim();
      if (text === '' || this.mistake(field) !== undefined) continue;
      const value = Number(text);
      changes[field.key] = field.canBeOff === true && value === 0 ? null : value;
    }
    if (this.augment !== null) changes['augment'] = this.augment;
    if (this.recompute !== null) changes['recompute'] = this.recompute;
    if (this.mixes) changes['precision'] = this.mixedHere?.precision ?? 'mixed';
    return changes;
  }
}

/** A recipe's value as text for a placeholder. */
export function fieldText(value: number | null): string {
  if (value === null) return 'off';
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential().replace('e-', 'e−') : String(value);
}
