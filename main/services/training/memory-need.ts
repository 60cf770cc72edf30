/** @file How much memory a training process holds, by the sizes of its model and micro-batch; constants are measured. */
import { parameterCount, tokenCount, type VitConfig } from '../../numeric/vit/config.ts';

/** Native library and the process itself. */
const PROCESS_BYTES = 750e6;
/** Weights, two moments, gradients, their average, and what is written of them; measured with Tiny and Small. */
const COPIES_OF_WEIGHTS = 7;
/** Values a token and channel that a block keeps for its gradient, and those that are there once; measured. */
const KEPT_A_BLOCK = { all: 13, recomputed: 2 } as const;
const KEPT_ONCE = 20;

/** Bytes without the films. */
export function stepBytes(
  vit: VitConfig,
  { microBatch, recompute }: { readonly microBatch: number; readonly recompute: boolean },
): number {
  const tokens = microBatch * tokenCount(vit) * vit.width * 4;
  const activations = tokens * (vit.depth * KEPT_A_BLOCK[recompute ? 'recomputed' : 'all'] + KEPT_ONCE);
  return PROCESS_BYTES + parameterCount(vit) * 4 * COPIES_OF_WEIGHTS + activations;
}
