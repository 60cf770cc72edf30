/** @file The few models that the inference process keeps loaded, by the hash of their weights; the least used one goes. */
import { ServiceError } from '../../shared/domain/service-error.ts';
import { hashOf, readFully, type LibraryVault } from '../files/vault.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import type { Normalisation } from '../numeric/vit/forward.ts';
import { disposeParameters, loadOneByOne, type NamedParameters } from '../numeric/vit/parameters.ts';
import { describeWeights } from '../numeric/weights/import-weights.ts';
import { floatTensor, headerLength, readSafetensorsHeader } from '../numeric/weights/safetensors.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';

export interface LoadedModel {
  readonly config: VitConfig;
  readonly normalisation: Normalisation;
  readonly parameters: NamedParameters;
}

/** Teacher and two students side by side; a ViT-Base is 0.35 GB. */
const KEPT = 3;

export class ModelCache {
  /** Oldest use first. */
  readonly #models = new Map<string, LoadedModel>();

  get size(): number {
    return this.#models.size;
  }

  /**
   * The model of a weights file with heads for `findings` findings. The file must have the hash that the library noted.
   * @throws ServiceError UNREADABLE_FILE, INCOMPATIBLE
   */
  async load(vault: LibraryVault, path: string, sha256: string, findings: number): Promise<LoadedModel> {
    const model = this.#models.get(sha256) ?? (await readModel(vault, path, sha256));
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

const UNREADABLE =
  'The weights of this run cannot be read. Verify the library; if they are gone, train the run again.';

/** Twice through the file, first for its hash, then parameter by parameter: it is never in memory as a whole. */
async function readModel(vault: LibraryVault, path: string, sha256: string): Promise<LoadedModel> {
  const hash = await hashOf(vault, path).catch(() => {
    throw new ServiceError('UNREADABLE_FILE', UNREADABLE);
  });
  if (hash !== sha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      'The weights of this run are not what was stored. Nothing was computed; verify the library.',
    );
  }
  try {
    const size = await vault.size(path);
    const length = headerLength(await readPart(vault, path, 0, Math.min(8, size)), size);
    const header = readSafetensorsHeader(await readPart(vault, path, 0, length), size);
    const { config, normalisation, parameters, hasHeads } = describeWeights(header);
    if (!hasHeads) {
      throw new ServiceError('INCOMPATIBLE', 'These weights have no heads for findings: train them first.');
    }
    const sources = new Map(parameters.map((source) => [source.name, source]));
    const loaded = await loadOneByOne(config, async ({ name }) => {
      const { tensors = [], make } = sources.get(name) ?? {};
      if (make === undefined) throw new WeightsError('missing-tensor', `The weights lack ${name}.`, [name]);
      const values: Float32Array[] = [];
      for (const { name: tensorName, tensor } of tensors) {
        const bytes = await readPart(vault, path, tensor.begin, tensor.end);
        values.push(floatTensor(tensorName, { ...tensor, bytes }).values);
      }
      return make(values);
    });
    return { config, normalisation, parameters: loaded };
  } catch (error) {
    if (error instanceof WeightsError) throw new ServiceError('UNREADABLE_FILE', error.message);
    throw error;
  }
}

/** Bytes `begin` to `end` of a file. @throws ServiceError UNREADABLE_FILE where it ends before */
async function readPart(vault: LibraryVault, path: string, begin: number, end: number): Promise<Uint8Array> {
  const readAt = (at: number, into: Uint8Array): Promise<number> =>
    vault.readAt(path, at, into).catch(() => 0);
  const bytes = await readFully(readAt, begin, end - begin);
  if (bytes.length < end - begin) throw new ServiceError('UNREADABLE_FILE', UNREADABLE);
  return bytes;
}
