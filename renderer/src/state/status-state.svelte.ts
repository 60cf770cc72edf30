/** @file The status line, the engine badge and the ring: fed by the host's status stream. */
import type { Status } from '../../../shared/contract/system.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { follow } from '../rpc/stream.ts';

export class StatusState {
  value = $state.raw<Status | null>(null);
  #listeners: ((status: Status, before: Status | null) => void)[] = [];

  /** Called after every change. */
  onChange(listener: (status: Status, before: Status | null) => void): void {
    this.#listeners.push(listener);
  }

  async run(connection: Connection, signal: AbortSignal): Promise<void> {
    await follow<Status>(connection, signal, {
      open: (client) => client.system.watch({}, { signal }),
      onOpen: async (client) => this.#set(await client.system.status({})),
      onEvent: (status) => this.#set(status),
    });
  }

  #set(status: Status): void {
    const before = this.value;
    this.value = status;
    for (const listener of this.#listeners) listener(status, before);
  }
}
