/** @file The three recipes in words, for the choice on the page. */
import type { presetCard } from '../../../shared/contract/training.ts';
import { PRESETS, presetRecipe, type PresetName, type VitVariant } from '../../../shared/domain/recipe.ts';
import type { z } from 'zod';

const WORDS: Readonly<Record<PresetName, { readonly title: string; readonly why: string }>> = {
  quick: {
    title: 'Quick look',
    why: 'A few epochs without augmentation: shows within minutes whether everything works. Not for results.',
  },
  robust: {
    title: 'Robust',
    why: 'Warm-up, weight decay, averaged weights, mild augmentation, early stop: the default for your own films.',
  },
  paper: {
    title: 'As in the paper',
    why: 'AdamW at 5e-4 with cosine, batch 64, 100 epochs, no augmentation: to repeat the published setting.',
  },
};

export function presetCards(model: VitVariant): z.infer<typeof presetCard>[] {
  return PRESETS.map((preset) => ({ preset, ...WORDS[preset], recipe: presetRecipe(preset, model) }));
}
