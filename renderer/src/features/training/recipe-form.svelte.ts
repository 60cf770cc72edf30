/** @file The recipe as a form: a preset, and the fields that a person has changed. Blank means the preset's value. */
import type { Estimate, RunRequest } from '../../../../shared/contract/training.ts';
import {
  presetRecipe,
  WORTH_MIXING,
  type PresetName,
  type Recipe,
  type VitVariant,
} from '../../../../shared/domain/recipe.ts';

interface NumberField {
  readonly key:
    | 'epochs'
    | 'batch'
    | 'learningRate'
    | 'warmupEpochs'
    | 'weightDecay'
    | 'clipNorm'
    | 'emaDecay'
    | 'microBatch'
    | 'views'
    | 'patience';
  readonly label: string;
  readonly why: string;
  readonly whole: boolean;
  readonly min: number;
  readonly max: number;
  /** 0 or blank turns it off. */
  readonly canBeOff?: boolean;
  readonly advanced: boolean;
}

/** Every number of a recipe, with one sentence on what it does. Limits as the contract's. */
export const NUMBER_FIELDS: readonly NumberField[] = [
  {
    key: 'epochs',
    label: 'Epochs',
    why: 'How often every training film is seen.',
    whole: true,
    min: 1,
    max: 1000,
    advanced: false,
  },
  {
    key: 'batch',
    label: 'Batch',
    why: 'Films per weight update. Gradients are gathered over micro-batches up to this.',
    whole: true,
    min: 1,
    max: 1024,
    advanced: false,
  },
  {
    key: 'learningRate',
    label: 'Learning rate',
    why: 'Step size at its highest; it falls along a cosine to 0.',
    whole: false,
    min: 1e-8,
    max: 1,
    advanced: false,
  },
  {
    key: 'warmupEpochs',
    label: 'Warm-up epochs',
    why: 'Epochs in which the learning rate rises from 0.',
    whole: true,
    min: 0,
    max: 100,
    advanced: true,
  },
  {
    key: 'weightDecay',
    label: 'Weight decay',
    why: 'Pull of the weights towards 0 (AdamW).',
    whole: false,
    min: 0,
    max: 1,
    advanced: true,
  },
  {
    key: 'clipNorm',
    label: 'Gradient limit',
    why: 'Largest norm of a gradient; 0 turns the limit off.',
    whole: false,
    min: 0,
    max: 1000,
    canBeOff: true,
    advanced: true,
  },
  {
    key: 'emaDecay',
    label: 'Weight average',
    why: 'Decay of the moving average of the weights that is evaluated; 0 turns it off.',
    whole: false,
    min: 0,
    max: 0.99999,
    canBeOff: true,
    advanced: true,
  },
  {
    key: 'microBatch',
    label: 'Micro-batch',
    why: 'Films in memory at once. Smaller needs less memory and gives the same result.',
    whole: true,
    min: 1,
    max: 256,
    advanced: true,
  },
  {
    key: 'views',
    label: 'Views per film',
    why: 'Changed views of a film that training and the knowledge cache share.',
    whole: true,
    min: 1,
    max: 64,
    advanced: true,
  },
  {
    key: 'patience',
    label: 'Patience',
    why: 'Stops after this many epochs without a better validation AUROC; 0 turns it off.',
    whole: true,
    min: 0,
    max: 1000,
    canBeOff: true,
    advanced: true,
  },
];

export type NumberKey = NumberField['key'];

export class RecipeForm {
  preset = $state<PresetName>('robust');
  seed = $state('1');
  /** What was typed, by field; blank or absent = the preset's value. */
  typed = $state<Partial<Record<NumberKey, string>>>({});
  augment = $state<boolean | null>(null);
  recompute = $state<boolean | null>(null);
  mixed = $state<boolean | null>(null);
  /** The mixed precision that suits this machine, and how many times as fast it is; null = not known. */
  mixedHere = $state<Estimate['mixed']>(null);

  /** Mixed precision: as chosen; else where this machine gains by it. The paper's own setting is single. */
  readonly mixes = $derived(
    this.mixed ?? (this.preset !== 'paper' && this.mixedHere !== null && this.mixedHere.gain >= WORTH_MIXING),
  );

  /** The preset's own values for a model that starts at random or from trained weights. */
  base(model: VitVariant, fromWeights: boolean): Recipe {
    return presetRecipe(this.preset, model, fromWeights);
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
    const text = (this.typed[field.key] ?? '').trim();
    if (text === '') return undefined;
    const value = Number(text);
    const fits = Number.isFinite(value) && value >= field.min && value <= field.max;
    if (!fits) return `${field.min} to ${field.max}`;
    return field.whole && !Number.isInteger(value) ? 'A whole number' : undefined;
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
