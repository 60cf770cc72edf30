/** @file The files of a model bundle (docs/exchange.md) in a signed package: what each may hold and how large it may be. */
import { z } from 'zod';

import { runConfig } from '../../../../shared/contract/training.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { PackageKind } from '../package/package-format.ts';

export const BUNDLE_VERSION = 1;
export const MODEL_NAME = 'model.json';
export const CARD_NAME = 'card.json';
export const CARD_PAGE_NAME = 'card.html';
export const WEIGHTS_NAME = 'weights.safetensors';

const MOST_TEXT = 4_000_000;
/** Three times a ViT-Base. */
const MOST_WEIGHTS = 1_000_000_000;
const MOST_COMPANION = 64_000_000;

/** What a run may keep beside its weights: see companions.ts. */
export const COMPANION_KINDS = ['likeness'] as const;
export type CompanionKind = (typeof COMPANION_KINDS)[number];
export const companionFile = (kind: CompanionKind): string => `${kind}.safetensors`;

export const MODEL_BUNDLE: PackageKind = {
  format: 'chestlight-model',
  title: 'a model bundle',
  signedWords: new TextEncoder().encode('chestlight model bundle 1\n'),
  first: MODEL_NAME,
  most: (name) => {
    if (name === MODEL_NAME || name === CARD_NAME || name === CARD_PAGE_NAME) return MOST_TEXT;
    if (name === WEIGHTS_NAME) return MOST_WEIGHTS;
    return COMPANION_KINDS.some((kind) => companionFile(kind) === name) ? MOST_COMPANION : null;
  },
};

const probability = z.number().min(0).max(1);

/** A run's configuration without what only its library knows. */
export const bundledConfig = runConfig
  .omit({ teacherRunId: true, splitId: true, init: true, labelVersionId: true })
  .extend({ findings: z.array(z.string().min(1).max(200)).min(1).max(500) })
  .strict();
export type BundledConfig = z.infer<typeof bundledConfig>;

export const bundledModel = z.strictObject({
  version: z.number().int(),
  config: bundledConfig,
  /** Scores of generated images (check-images.ts), by the exporting machine. */
  check: z.strictObject({
    images: z.number().int().min(1).max(16),
    t1: z.array(z.array(probability).max(500)).max(16),
    t2: z.array(probability).max(16),
  }),
  companions: z.array(z.strictObject({ kind: z.enum(COMPANION_KINDS), row: z.unknown() })).max(8),
});
export type BundledModel = z.infer<typeof bundledModel>;

export function newerBundle(version: number): ServiceError {
  return new ServiceError(
    'INCOMPATIBLE',
    `The bundle has version ${version}, and this Chestlight reads up to ${BUNDLE_VERSION}. Nothing was taken from it; update Chestlight.`,
    { version },
  );
}
