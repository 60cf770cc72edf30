/** @file The weights that a run starts from: random by its seed, or a file that must be the one the run was made with. */
import { createHash } from 'node:crypto';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { RunPlan } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import { vitOfRun, type ParameterGroup, type VitConfig } from '../numeric/vit/config.ts';
import { initParameters } from '../numeric/vit/init.ts';
import type { Weights } from '../numeric/vit/parameters.ts';
import { importWeights, startFrom, type ImportedWeights } from '../numeric/weights/import-weights.ts';

/** What training begins with. */
export interface RunStart {
  readonly weights: Weights;
  readonly vit: VitConfig;
  /** Trained along, not kept. */
  readonly extra: readonly ParameterGroup[];
}

/** A weights file, which must be the one that the run was made with. @throws WeightsError, ServiceError UNREADABLE_FILE */
export async function readStart(
  vault: LibraryVault,
  path: string,
  sha256: string | null,
): Promise<ImportedWeights> {
  let bytes: Uint8Array;
  try {
    bytes = await vault.read(path);
  } catch {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The start weights ${path} cannot be read. Put the file back or make a new run.`,
    );
  }
  if (sha256 !== null && createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The start weights have changed since this run was made. Nothing was trained; make a new run.',
    );
  }
  return importWeights(bytes);
}

/** @throws WeightsError, ServiceError UNREADABLE_FILE */
export async function startWeights(plan: RunPlan, vault: LibraryVault): Promise<RunStart> {
  const { seed, initSha256 } = plan.config;
  const vit = vitOfRun(plan.config);
  if (plan.initPath === null) return { weights: initParameters(vit, seed), vit, extra: [] };
  const { weights, config } = startFrom(await readStart(vault, plan.initPath, initSha256), vit, seed);
  return { weights, vit: config, extra: [] };
}
