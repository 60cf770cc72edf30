/** @file The likeness that a run fitted to its training films, read once and compared with; a run without one says so. */
import { join } from 'node:path';

import type { Suitability } from '../../../shared/contract/inference.ts';
import { sha256Of } from '../../files/artifacts.ts';
import { distanceTo } from '../../numeric/likeness/gaussian.ts';
import { LIKENESS_FIELDS } from '../../numeric/likeness/fields.ts';
import { readLikeness, type Likeness } from '../../numeric/likeness/likeness-file.ts';
import { vitOfRun } from '../../numeric/vit/config.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { FinishedRun } from './finished-run.ts';

/** A fit, or a sentence that says why there is none. */
export type RunLikeness = { readonly fit: Likeness } | { readonly fit: null; readonly reason: string };

/** Fits kept in memory; a ViT-Base has 2.4 MB. */
const KEPT = 8;

const NOT_FITTED = 'Whether a film is like those that this model learned from was not fitted for this model.';
const DAMAGED =
  'What this model keeps of its training films is missing or damaged, so films cannot be compared with them. Verify the library.';

export function createLikenessGate({ store, files }: OpenLibrary) {
  /** Oldest use first, by hash. */
  const kept = new Map<string, Likeness>();

  async function read(path: string, sha256: string): Promise<Likeness | null> {
    const bytes = await files.vault.read(path).catch(() => null);
    if (bytes === null || sha256Of(bytes) !== sha256) return null;
    try {
      return readLikeness(bytes);
    } catch (error) {
      if (error instanceof WeightsError) return null;
      throw error;
    }
  }

  return {
    async of({ run, weightsSha256 }: FinishedRun): Promise<RunLikeness> {
      const row = store.likeness.find(run.id);
      if (row === null || row.weightsSha256 !== weightsSha256) return { fit: null, reason: NOT_FITTED };
      if (row.file === null) return { fit: null, reason: `${NOT_FITTED} ${row.reason}` };
      const fit = kept.get(row.sha256) ?? (await read(join(files.runsDir, run.id, row.file), row.sha256));
      const features = LIKENESS_FIELDS * vitOfRun(run.config).width;
      if (fit?.weightsSha256 !== weightsSha256 || fit.mean.length !== features) {
        return { fit: null, reason: DAMAGED };
      }
      kept.delete(row.sha256);
      kept.set(row.sha256, fit);
      for (const oldest of [...kept.keys()].slice(0, -KEPT)) kept.delete(oldest);
      return { fit };
    },
  };
}

/** Distance of a film's features; null where the run has no fit. */
export function distanceOf({ fit }: RunLikeness, features: Float32Array | null): number | null {
  return fit === null || features === null ? null : distanceTo(fit, features);
}

export function likenessOf(of: RunLikeness, distance: number | null): Suitability['likeness'] {
  if (of.fit === null) return { state: 'not-fitted', reason: of.reason };
  if (distance === null) throw new Error('a model with a fit gives features');
  const { limit, quantile, trainFilms, validationFilms } = of.fit;
  // What is not a number is not like anything.
  const state = distance <= limit ? ('like' as const) : ('unlike' as const);
  return { state, distance, limit, quantile, trainFilms, validationFilms };
}
