/**
 * @file At the end of a run: how far films may lie from its training films before its scores say nothing. The Gaussian comes from
 * training films, the limit from validation films, which the weights never learned.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import type { LikenessFit } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import { conformalLimit, FEWEST_FILMS } from '../numeric/likeness/conformal-limit.ts';
import { distancesTo, fitGaussian, type FeatureRows } from '../numeric/likeness/gaussian.ts';
import { writeLikeness } from '../numeric/likeness/likeness-file.ts';

export const LIKENESS_FILE = 'likeness.safetensors';
/** Training films that are looked at once more: four for each direction that can be told. */
const MOST_FILMS = 512;

/** Which training films are looked at: all, or as many from the whole of the list. Empty where no limit could follow. */
export function filmsForLikeness(train: Uint32Array, validationFilms: number): Uint32Array {
  if (validationFilms < FEWEST_FILMS) return new Uint32Array(0);
  const taken = Math.min(MOST_FILMS, train.length);
  return Uint32Array.from(
    { length: taken },
    (_, at) => train[Math.floor((at * train.length) / taken)] as number,
  );
}

/** Fits, writes the file and says how it went. Null features: there were too few validation films. @throws ServiceError DISK_FULL */
export async function keepLikeness(
  vault: LibraryVault,
  dir: string,
  weightsSha256: string,
  train: FeatureRows | null,
  validation: FeatureRows | null,
  validationFilms: number,
): Promise<LikenessFit> {
  const trainFilms = train === null ? 0 : train.values.length / train.width;
  const common = { weightsSha256, trainFilms, validationFilms };
  const unfitted = (reason: string): LikenessFit => ({ ...common, outcome: { fitted: false, reason } });
  if (train === null || validation === null) {
    return unfitted(
      `The run has ${validationFilms} validation film${validationFilms === 1 ? '' : 's'}; at least ${FEWEST_FILMS} are needed.`,
    );
  }
  const gaussian = trainFilms < 2 ? null : fitGaussian(train);
  const limit = gaussian === null ? null : conformalLimit(distancesTo(gaussian, validation));
  if (gaussian === null || limit === null || !Number.isFinite(limit.limit)) {
    return unfitted(
      'The training films hardly differ to this model, so that no distance between them can be told.',
    );
  }
  const bytes = writeLikeness({ ...gaussian, ...limit, ...common });
  const file = join(dir, LIKENESS_FILE);
  await vault.write(file, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...common, outcome: { fitted: true, file, sha256, bytes: bytes.length, ...limit } };
}
