/** @file The status line, the engine badge and the ring: fed by the host's status stream. */
import type { Status } from '../../../shared/contract/system.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { follow } from '../rpc/stream.ts';

export class StatusState {
  value = $state.raw<Status | null>(null);
  #listeners: ((status: Status, before: Status | null) => void)[] = [];
  #reopened: (() => void)[] = [];

  /** Called after every change. */
  onChange(listener: (status: Status, before: Status | null) => void): void {
    this.#listeners.push(listener);
  }

  /** Called when the host's stream was lost and is there again: a host that was restarted, a library that went back to a copy. */
  onReopened(listener: () => void): void {
    this.#reopened.push(listener);
  }

  async run(connection: Connection, signal: AbortSignal): Promise<void> {
    await follow<Status>(connection, signal, {
      open: (client) => client.system.watch({}, { signal }),
      onOpen: async (client) => {
        const again = this.value !== null;
        this.#set(await client.system.status({}));
        if (again) for (const listener of this.#reopened) listener();
      },
      onEvent: (status) => this.#set(status),
    });
  }

  #set(status: Status): void {
    const before = this.value;
    this.value = status;
    for (const listener of this.#listeners) listener(status, before);
  }
}
