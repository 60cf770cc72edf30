/**
 * @file What a run keeps beside its weights and takes along in a bundle: the one list. A kind names its file, gathers it from the
 * library, reads it as strictly as a stranger's, and puts its row into the library that takes it.
 */
import type { RunId } from '../../../../shared/domain/ids.ts';
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

export const COMPANIONS: readonly CompanionRule[] = [];
