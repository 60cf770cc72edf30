/** @file The numbers of a recipe as fields of a form: what each does, its limits, what is wrong with what was typed. */
import { presetRecipe, type PresetName } from '../../../../shared/domain/recipe.ts';

export interface NumberField {
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
    why: 'Epochs in which the learning rate rises from 0; in a short run at most a quarter unless said otherwise.',
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
    why: 'Stops after this many epochs without a better one by validation; 0 turns it off.',
    whole: true,
    min: 0,
    max: 1000,
    canBeOff: true,
    advanced: true,
  },
];

export type NumberKey = NumberField['key'];

/** What was typed, by field; blank or absent = the preset's value. */
export type TypedNumbers = Partial<Record<NumberKey, string>>;

/** Epochs as typed, else the preset's, which go by neither model nor start. */
export function epochsOf(typed: TypedNumbers, preset: PresetName): number {
  const text = (typed.epochs ?? '').trim();
  const isEpochs = /^\d+$/.test(text) && Number(text) > 0;
  return isEpochs ? Number(text) : presetRecipe(preset, 'tiny').epochs;
}

/** What is wrong with a field, in words. */
export function mistakeIn(field: NumberField, typed: TypedNumbers, preset: PresetName): string | undefined {
  const text = (typed[field.key] ?? '').trim();
  if (text === '') return undefined;
  const value = Number(text);
  const fits = Number.isFinite(value) && value >= field.min && value <= field.max;
  if (!fits) return `${field.min} to ${field.max}`;
  if (field.whole && !Number.isInteger(value)) return 'A whole number';
  const epochs = epochsOf(typed, preset);
  return field.key === 'warmupEpochs' && value >= epochs ? `Fewer than ${epochs} epochs` : undefined;
}
