/** @file The weights of the best epoch on disk, with what made them the best; the finished run's weights come from them. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { z } from 'zod';

import { errorCode } from '../../shared/domain/disk-error.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import type { Weights } from '../numeric/vit/parameters.ts';
import { exportWeights } from '../numeric/weights/export-weights.ts';
import { importWeights } from '../numeric/weights/import-weights.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';
import { CheckpointError, type SavedCheckpoint } from './checkpoint.ts';
import type { TrainOutcome } from './train-run.ts';
import type { Validation } from './validation.ts';

export const BEST_FILE = 'best.safetensors';
export const FINAL_FILE = 'final.safetensors';
const BEST_KEY = 'chestlight.best';

const bestNote = z.object({
  epoch: z.number().int().nonnegative(),
  configHash: z.string(),
  validation: z.object({
    loss: z.number().nullable(),
    t1: z.object({
      value: z.number().nullable(),
      k: z.number().int(),
      of: z.number().int(),
      perFinding: z.array(z.number().nullable()),
    }),
    t2: z.number().nullable(),
    merit: z.number().nullable(),
  }),
});

export interface BestEpoch {
  readonly epoch: number;
  readonly configHash: string;
  readonly validation: Validation;
}

/** Writes weights only, at f32, in the app's layout. @throws ServiceError DISK_FULL; the file before is kept */
export async function saveWeights(
  vault: LibraryVault,
  dir: string,
  name: typeof BEST_FILE | typeof FINAL_FILE,
  weights: Weights,
  model: {
    readonly config: VitConfig;
    readonly normalisation: Normalisation;
    readonly findings: readonly string[];
  },
  best: BestEpoch,
): Promise<SavedCheckpoint> {
  const bytes = exportWeights(weights, model.config, 'app', {
    normalisation: model.normalisation,
    metadata: { [BEST_KEY]: JSON.stringify(best), 'chestlight.findings': JSON.stringify(model.findings) },
  });
  const file = join(dir, name);
  await vault.write(file, bytes);
  return { file, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

function parseNote(text: string | undefined): BestEpoch {
  try {
    return bestNote.parse(JSON.parse(text ?? 'null'));
  } catch {
    throw new CheckpointError('it does not say which epoch it is from');
  }
}

/** Weights of this run in one of the two files, or null when there are none. @throws CheckpointError for a damaged file */
async function readWeights(
  vault: LibraryVault,
  dir: string,
  name: typeof BEST_FILE | typeof FINAL_FILE,
  configHash: string,
): Promise<(NonNullable<TrainOutcome['best']> & { readonly saved: SavedCheckpoint }) | null> {
  const file = join(dir, name);
  let bytes: Uint8Array;
  try {
    bytes = await vault.read(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const { weights, metadata } = importWeights(bytes);
    const note = parseNote(metadata.get(BEST_KEY));
    if (note.configHash !== configHash) return null;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const saved = { file, sha256, bytes: bytes.length };
    return { epoch: note.epoch, validation: note.validation, weights: new Map(weights), saved };
  } catch (error) {
    if (error instanceof WeightsError) throw new CheckpointError(error.message);
    throw error;
  }
}

/** The best epoch so far of this run, or null when none was kept. @throws CheckpointError for a damaged file */
export async function readBest(
  vault: LibraryVault,
  dir: string,
  configHash: string,
): Promise<TrainOutcome['best']> {
  return await readWeights(vault, dir, BEST_FILE, configHash);
}

/** The final weights of this run with their file, or null before its training has ended. @throws CheckpointError for a damaged file */
export async function readFinal(
  vault: LibraryVault,
  dir: string,
  configHash: string,
): ReturnType<typeof readWeights> {
  return await readWeights(vault, dir, FINAL_FILE, configHash);
}
