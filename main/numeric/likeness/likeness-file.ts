/** @file The fitted Gaussian with its limit as one safetensors file: what a model needs to say that a film is unlike its own. */
import { z } from 'zod';

import { floatTensor, readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { WeightsError } from '../weights/weights-error.ts';
import type { ConformalLimit } from './conformal-limit.ts';
import type { Gaussian } from './gaussian.ts';

/** Names the features and the distance; a file of another kind is not understood. */
const KIND = 'middle-block-nine-fields-mahalanobis-1';
const KEY = 'chestlight.likeness';

export interface Likeness extends Gaussian, ConformalLimit {
  /** The weights whose features these are. */
  readonly weightsSha256: string;
  readonly trainFilms: number;
  /** Films that the limit was fitted on. */
  readonly validationFilms: number;
}

const note = z.object({
  kind: z.literal(KIND),
  weightsSha256: z.string().regex(/^[0-9a-f]{64}$/),
  trainFilms: z.number().int().positive(),
  validationFilms: z.number().int().positive(),
  limit: z.number().nonnegative(),
  quantile: z.number().min(0).max(1),
  shrinkage: z.number().min(0).max(1),
});

export function writeLikeness({ mean, whitening, ...facts }: Likeness): Uint8Array {
  const width = mean.length;
  return writeSafetensors(
    new Map([
      ['mean', { shape: [width], values: mean }],
      ['whitening', { shape: [whitening.length / width, width], values: whitening }],
    ]),
    { metadata: { [KEY]: JSON.stringify({ kind: KIND, ...facts }) } },
  );
}

/** @throws WeightsError for what is no such file, whoever wrote it */
export function readLikeness(bytes: Uint8Array): Likeness {
  const { tensors, metadata } = readSafetensors(bytes);
  const parsed = note.safeParse(parsedJson(metadata.get(KEY)));
  const [mean, whitening] = ['mean', 'whitening'].map((name) => {
    const raw = tensors.get(name);
    return raw === undefined ? undefined : floatTensor(name, raw);
  });
  const width = mean?.values.length ?? 0;
  const [directions = 0, ...across] = whitening?.shape ?? [];
  const fits = mean?.shape.length === 1 && width > 0 && directions > 0 && across.join() === String(width);
  if (!parsed.success || mean === undefined || whitening === undefined || !fits || tensors.size !== 2) {
    throw new WeightsError('header', 'This file does not say which films a model learned from.');
  }
  const { kind: _kind, ...facts } = parsed.data;
  return { ...facts, mean: mean.values, whitening: whitening.values };
}

function parsedJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
