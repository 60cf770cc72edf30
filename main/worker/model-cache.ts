/** @file The few models that the inference process keeps loaded, by the hash of their weights; the least used one goes. */
import { createHash } from 'node:crypto';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { disposeParameters, loadParameters, type NamedParameters } from '../numeric/vit/parameters.ts';
import { importWeights } from '../numeric/weights/import-weights.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';

export interface LoadedModel {
  readonly config: VitConfig;
  readonly normalisation: Normalisation;
  readonly parameters: NamedParameters;
}

/** Teacher and two students side by side; a ViT-Base is 0.35 GB. */
const KEPT = 3;

export class ModelCache {
  readonly #vault: LibraryVault;
  /** Oldest use first. */
  readonly #models = new Map<string, LoadedModel>();

  constructor(vault: LibraryVault) {
    this.#vault = vault;
  }

  get size(): number {
    return this.#models.size;
  }

  /**
   * The model of a weights file with heads for `findings` findings. The file must have the hash that the library noted.
   * @throws ServiceError UNREADABLE_FILE, INCOMPATIBLE
   */
  async load(path: string, sha256: string, findings: number): Promise<LoadedModel> {
    const model = this.#models.get(sha256) ?? (await readModel(this.#vault, path, sha256));
    this.#models.delete(sha256);
    this.#models.set(sha256, model);
    for (const [oldest, { parameters }] of [...this.#models].slice(0, -KEPT)) {
      disposeParameters(parameters);
      this.#models.delete(oldest);
    }
    if (model.config.t1Units !== findings) {
      throw new ServiceError(
        'INCOMPATIBLE',
        `The weights answer for ${model.config.t1Units} findings, the run names ${findings}. Nothing was computed.`,
      );
    }
    return model;
  }
}

async function readModel(vault: LibraryVault, path: string, sha256: string): Promise<LoadedModel> {
  let bytes: Uint8Array;
  try {
    bytes = await vault.read(path);
  } catch {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The weights of this run cannot be read. Verify the library; if they are gone, train the run again.',
    );
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The weights of this run are not what was stored. Nothing was computed; verify the library.',
    );
  }
  try {
    const { config, normalisation, weights, hasHeads } = importWeights(bytes);
    if (!hasHeads) {
      throw new ServiceError('INCOMPATIBLE', 'These weights have no heads for findings: train them first.');
    }
    return { config, normalisation, parameters: loadParameters(weights, config) };
  } catch (error) {
    if (error instanceof WeightsError) throw new ServiceError('UNREADABLE_FILE', error.message);
    throw error;
  }
}
