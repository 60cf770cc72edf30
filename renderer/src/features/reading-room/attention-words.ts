/** @file Words for attention methods, and how many heads a model has. */
import type { AttentionMethod } from '../../../../shared/contract/inference.ts';
import type { VitVariant } from '../../../../shared/domain/recipe.ts';

export const ATTENTION_WORDS: Readonly<Record<AttentionMethod, string>> = {
  rollout: 'Rollout',
  last: 'Last block',
  relevance: 'Relevance',
};

export const ATTENTION_WHY: Readonly<Record<AttentionMethod, string>> = {
  rollout:
    'Attention of all blocks multiplied through, with the residual: where the output token looked in the end. The same for every finding.',
  last: 'Attention of the output token in the last block. The same for every finding.',
  relevance: 'Attention weighted by its gradient: what spoke for one finding.',
};

/** Heads of a ViT (Dosovitskiy et al. 2021, Touvron et al. 2021). */
export const HEADS: Readonly<Record<VitVariant, number>> = { tiny: 3, small: 6, base: 12 };
