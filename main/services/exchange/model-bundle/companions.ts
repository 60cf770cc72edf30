/**
 * @file What a run keeps beside its weights and takes along in a bundle: the one list. A kind names its file, gathers it from the
 * library, reads it as strictly as a stranger's, and puts its row into the library that takes it.
 */
import { join } from 'node:path';

import type { ModelCard } from '../../../../shared/contract/model-card.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import { readLikeness } from '../../../numeric/likeness/likeness-file.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import type { CompanionKind } from './bundle-format.ts';

export interface Companion {
  readonly kind: CompanionKind;
  /** Plain values, as they go into model.json. */
  readonly row: unknown;
  readonly bytes: Uint8Array;
}

export interface CompanionRule {
  readonly kind: CompanionKind;
  /** Null where the run has none. @throws ServiceError UNREADABLE_FILE */
  gather(library: OpenLibrary, runId: RunId): Promise<Companion | null>;
  /** @throws anything where it is not sound or does not belong to these weights */
  check(companion: Companion, weightsSha256: string): void;
  /** Name of its file in the run's folder. */
  readonly file: string;
  /** Within the transaction that adds the run. */
  keep(library: OpenLibrary, runId: RunId, companion: Companion, now: number): void;
}

/** What says which films are unlike those that the model learned from: means and directions of features, no film. */
const likeness: CompanionRule = {
  kind: 'likeness',
  file: 'likeness.safetensors',
  async gather({ store, files }, runId) {
    const row = store.likeness.find(runId);
    if (row === null || row.file === null) return null;
    const bytes = await files.vault.read(join(files.runsDir, runId, row.file)).catch(() => null);
    if (bytes !== null && sha256Of(bytes) === row.sha256) return { kind: 'likeness', row: null, bytes };
    throw new ServiceError(
      'UNREADABLE_FILE',
      'What this run keeps of its training films is missing or not what was stored. Nothing was written; verify the library.',
      { runId },
    );
  },
  check({ bytes }, weightsSha256) {
    if (readLikeness(bytes).weightsSha256 !== weightsSha256) throw new Error('it is of other weights');
  },
  keep({ store }, runId, { bytes }, now) {
    const { weightsSha256, trainFilms, validationFilms, limit, quantile } = readLikeness(bytes);
    const file = { file: this.file, sha256: sha256Of(bytes), bytes: bytes.byteLength, reason: null };
    store.likeness.put(runId, { weightsSha256, trainFilms, validationFilms, limit, quantile, ...file }, now);
  },
};

/** Whether a card names what is carried; one of before names nothing. */
export function isCarried(named: ModelCard['likeness'], companions: readonly Companion[]): boolean {
  if (named === null) return true;
  const carried = companions.find(({ kind }) => kind === likeness.kind);
  if (carried === undefined) return false;
  const { limit, quantile, trainFilms, validationFilms } = readLikeness(carried.bytes);
  return (
    named.limit === limit &&
    named.quantile === quantile &&
    named.trainFilms === trainFilms &&
    named.validationFilms === validationFilms
  );
}

export const COMPANIONS: readonly CompanionRule[] = [likeness];
