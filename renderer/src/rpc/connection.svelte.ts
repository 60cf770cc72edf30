/**
 * @file The one connection to the host: opens it (MessagePort in Electron, WebSocket in a browser), tells its state, opens it
 * again when it is lost. Every state class asks it for the client.
 */
import { createORPCClient, type ClientContext, type ClientLink } from '@orpc/client';
import { RPCLink as MessagePortLink } from '@orpc/client/message-port';
import { RPCLink as WebSocketLink } from '@orpc/client/websocket';
import { ResponseValidationPlugin } from '@orpc/contract/plugins';

import { contract, type ContractClient } from '../../../shared/contract/index.ts';
import {
  errorBody,
  isElectronPage,
  PORT_REQUEST,
  SESSION_PATH,
  takeLaunchToken,
  webSocketUrl,
} from '../../../shared/contract/transport.ts';

/** `refused`: the host does not know this window (the address was used before, or Chestlight was started anew). */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused';

const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 5000;

class Refused extends Error {}

/** An opened connection; `closed` settles when it is gone. */
interface Opened {
  readonly closed: Promise<void>;
}

export class Connection {
  state = $state<ConnectionState>('connecting');
  /** Why the host refused this window, in its own words. */
  refusal = $state('');
  /** Rises with every opened connection: streams that ended watch it. */
  generation = $state(0);

  #client: ContractClient | null = null;
  #waiting: ((client: ContractClient) => void)[] = [];
  #token: string | null;

  /** Takes the launch token out of the address before anything else can read it. */
  constructor() {
    this.#token = takeLaunchToken(location.hash);
    if (this.#token !== null) history.replaceState(null, '', location.pathname + location.search);
  }

  /** Opens the connection and keeps it open for as long as the page lives. */
  async run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    for (;;) {
      try {
        const { closed } = isElectronPage(location) ? this.#openPort() : await this.#openSocket();
        retryMs = FIRST_RETRY_MS;
        await closed;
      } catch (error) {
        if (error instanceof Refused) {
          this.state = 'refused';
          this.refusal = error.message;
          return;
        }
      }
      this.#client = null;
      this.state = this.generation === 0 ? 'connecting' : 'lost';
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
    }
  }

  /** The typed client; waits while there is no connection. */
  client(): Promise<ContractClient> {
    if (this.#client !== null) return Promise.resolve(this.#client);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #opened(link: ClientLink<ClientContext>): void {
    const client: ContractClient = createORPCClient(link);
    this.#client = client;
    this.state = 'open';
    this.generation += 1;
    for (const resolve of this.#waiting.splice(0)) resolve(client);
  }

  async #openSocket(): Promise<Opened> {
    await this.#openSession();
    const websocket = new WebSocket(webSocketUrl(location));
    const closed = new Promise<void>((resolve) => {
      websocket.addEventListener('close', () => resolve(), { once: true });
    });
    await new Promise<void>((resolve, reject) => {
      websocket.addEventListener('open', () => resolve(), { once: true });
      websocket.addEventListener('close', () => reject(new Error('the connection was not opened')), {
        once: true,
      });
    });
    this.#opened(new WebSocketLink({ websocket, plugins: [new ResponseValidationPlugin(contract)] }));
    return { closed };
  }

  async #openSession(): Promise<void> {
    const answer = await fetch(SESSION_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: this.#token }),
    });
    if (answer.ok) {
      this.#token = null;
      return;
    }
    const body = errorBody.safeParse(await answer.json().catch(() => null));
    const message = body.success ? body.data.error.message : `The host answered ${answer.status}.`;
    if (answer.status === 401 || answer.status === 403) throw new Refused(message);
    throw new Error(message);
  }

  #openPort(): Opened {
    const channel = new MessageChannel();
    const port = channel.port1;
    this.#opened(new MessagePortLink({ port, plugins: [new ResponseValidationPlugin(contract)] }));
    port.start();
    window.postMessage(PORT_REQUEST, location.origin, [channel.port2]);
    // A port of the own main process lives as long as the app does.
    return { closed: new Promise((resolve) => port.addEventListener('close', () => resolve())) };
  }
}
