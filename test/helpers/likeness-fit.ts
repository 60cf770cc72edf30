/** @file A fit of what a run's training films are like, made by hand: every film is as far from them as its features are large. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256Of } from '../../main/files/artifacts.ts';
import { writeLikeness } from '../../main/numeric/likeness/likeness-file.ts';
import type { OpenLibrary } from '../../main/services/library/open-library.ts';
import type { RunId } from '../../shared/domain/ids.ts';

/** Keeps the fit of a ViT-Tiny as the file `fit` in the run's folder; films beyond `limit` are unlike. */
export function keepFit({ store, files }: OpenLibrary, runId: RunId, limit: number): void {
  const weightsSha256 = store.runs.checkpoints(runId)[0]?.sha256 ?? '';
  const facts = { weightsSha256, trainFilms: 10, validationFilms: 99, limit, quantile: 0.99 };
  const whitening = new Float32Array(9 * 192).fill(1);
  const bytes = writeLikeness({ ...facts, mean: new Float32Array(9 * 192), whitening, shrinkage: 0 });
  writeFileSync(join(files.runsDir, runId, 'fit'), bytes);
  const row = { file: 'fit', sha256: sha256Of(bytes), bytes: bytes.length, reason: null };
  store.likeness.put(runId, { ...facts, ...row }, 1);
}
