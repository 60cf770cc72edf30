/** @file The sample study: starts it, keeps its progress current, cancels it. */
import type { SampleProgress } from '../../../shared/contract/sample.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { Action } from './action.svelte.ts';

export class StudyState {
  current = $state.raw<SampleProgress | null>(null);
  /** A finished study's card stays until it is put away. */
  dismissed = $state(false);
  readonly acting = new Action();
  readonly #connection: Connection;
  #asking = false;
  #askAgain = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get runs(): boolean {
    return this.current?.state === 'running' || this.current?.state === 'paused';
  }

  /** Asks for the progress; calls while one is under way become one more question after it. */
  async refresh(): Promise<void> {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    this.#askAgain = false;
    try {
      this.current = await (await this.#connection.client()).sample.current({});
    } catch {
      // The next change of the status asks again.
    } finally {
      this.#asking = false;
    }
    if (this.#askAgain) await this.refresh();
  }

  start(): Promise<boolean> {
    this.dismissed = false;
    return this.acting.run(async () => {
      await (await this.#connection.client()).sample.run({});
      await this.refresh();
    });
  }

  cancel(): Promise<boolean> {
    const { current } = this;
    return this.acting.run(async () => {
      if (current === null) return;
      await (await this.#connection.client()).sample.cancel({ studyId: current.id });
      await this.refresh();
    });
  }
}
