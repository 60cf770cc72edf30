/** @file Follows an event stream of the host for as long as the page wants it, across lost connections. */
import type { ContractClient } from '../../../shared/contract/index.ts';
import type { Connection } from './connection.svelte.ts';

const PAUSE_MS = 1000;

/** What a stream needs: how it is opened and what happens with each event. */
export interface Follow<Event> {
  open(client: ContractClient, signal: AbortSignal): Promise<AsyncIterable<Event>>;
  onEvent(event: Event): void;
  /** After the stream is open (again): the place to fetch a snapshot. */
  onOpen?(client: ContractClient): Promise<void>;
  /** True ends the following when the host ends the stream. */
  endsWhenDone?: boolean;
}

/** Runs until `signal` aborts, or until the host ends a stream that may end. */
export async function follow<Event>(
  connection: Connection,
  signal: AbortSignal,
  options: Follow<Event>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const client = await connection.client();
      const events = await options.open(client, signal);
      const snapshot = options.onOpen?.(client);
      // A failing snapshot ends the stream through the loop below, and both are asked for again.
      snapshot?.catch(() => undefined);
      for await (const event of events) {
        if (signal.aborted) return;
        options.onEvent(event);
      }
      if (options.endsWhenDone === true) return;
    } catch {
      // A lost connection or a host that is shutting down: the connection shows its own state.
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
