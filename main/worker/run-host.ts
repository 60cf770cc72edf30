/** @file What a run needs of the process that it runs in. */
import type { FromTraining } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import type { Listening } from './stopped.ts';

type Unnumbered<Message> = Message extends { readonly seq: number } ? Omit<Message, 'seq'> : never;
export type Report = Unnumbered<FromTraining>;

/** `between` is awaited between micro-batches. */
export interface RunHost extends Listening {
  readonly send: (report: Report) => void;
  /** Milliseconds, rising. */
  readonly now: () => number;
  /** True once after a checkpoint was asked for. */
  readonly takeCheckpointWish: () => boolean;
  /** Computes what models say of films. */
  readonly functions: CompiledFunctions;
  /** Reads and writes what belongs to the library. */
  readonly vault: LibraryVault;
}

export function warn(host: RunHost, message: string): void {
  host.send({ type: 'log', level: 'warn', message });
}
