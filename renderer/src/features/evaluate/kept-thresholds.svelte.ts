/** @file Operating points that were set by hand, by run; keeping one is asked for in the name of the reader who signed in. */
import type { KeptThreshold } from '../../../../shared/contract/kept-threshold.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import type { Task } from '../../../../shared/domain/task.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { Action } from '../../state/action.svelte.ts';
import type { ReaderState } from '../../state/reader-state.svelte.ts';

export class KeptThresholds {
  readonly keeping = new Action();
  readonly readers: ReaderState;
  #byRun = $state.raw<ReadonlyMap<RunId, readonly KeptThreshold[]>>(new Map());
  readonly #connection: Connection;

  constructor(connection: Connection, readers: ReaderState) {
    this.#connection = connection;
    this.readers = readers;
  }

  find(runId: RunId, task: Task): KeptThreshold | null {
    return this.#byRun.get(runId)?.find((kept) => kept.task === task) ?? null;
  }

  async load(runId: RunId): Promise<void> {
    await this.keeping.run(async () => {
      const client = await this.#connection.client();
      this.#put(runId, await client.evaluation.thresholds({ runId }));
    });
  }

  /** `threshold` null = back to the fitted one. @returns whether it was kept */
  keep(runId: RunId, task: Task, threshold: number | null, reason: string): Promise<boolean> {
    return this.keeping.run(async () => {
      const kept = await this.readers.call((client, token) =>
        client.evaluation.keepThreshold({ token, runId, task, threshold, reason }),
      );
      this.#put(runId, kept);
    });
  }

  #put(runId: RunId, kept: readonly KeptThreshold[]): void {
    this.#byRun = new Map([...this.#byRun, [runId, kept]]);
  }
}
