/** @file The two ways from a window to the app, opened on one real app: loopback WebSocket, and MessagePort with app://. */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient, type ClientContext, type ClientLink } from '@orpc/client';
import { RPCLink as MessagePortLink } from '@orpc/client/message-port';
import { RPCLink as WebSocketLink } from '@orpc/client/websocket';
import { ResponseValidationPlugin } from '@orpc/contract/plugins';
import { WebSocket } from 'ws';

import { createAppHandler } from '../../main/electron/app-protocol.ts';
import { createPortServer } from '../../main/electron/message-port-rpc.ts';
import { asRpcPort } from '../../main/electron/node-port.ts';
import { startLoopback } from '../../main/node/loopback-server.ts';
import { createBytesHandler } from '../../main/rpc/bytes.ts';
import type { App } from '../../main/services/app.ts';
import type { Log } from '../../main/services/service-types.ts';
import { contract, type ContractClient } from '../../shared/contract/index.ts';
import { APP_ORIGIN, SESSION_PATH, takeLaunchToken, webSocketUrl } from '../../shared/contract/transport.ts';

/** One window. */
export interface Connection {
  readonly client: ContractClient;
  /** The byte route, by a path relative to the page. */
  bytes(path: string, init?: RequestInit): Promise<Response>;
  /** Sends what no client would send. */
  sendRaw(message: string): void;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<unknown>;
  /** As a window that is closed or reloaded. */
  leave(): Promise<void>;
}

export interface Transport {
  connect(): Promise<Connection>;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly app: Pick<App, 'services' | 'bytes'>;
  readonly rendererDir: string;
  readonly log: Log;
}

/** A client as the window has it: answers that the contract does not allow are thrown. */
function clientOver(link: ClientLink<ClientContext>): ContractClient {
  return createORPCClient(link);
}
const plugins = () => [new ResponseValidationPlugin(contract)];

export async function webSocketTransport({ app, rendererDir, log }: TransportOptions): Promise<Transport> {
  const server = await startLoopback({ app, rendererDir, log, clock: Date });
  return {
    async connect() {
      const { origin, hash } = new URL(server.url());
      const session = await fetch(`${origin}/${SESSION_PATH}`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify({ token: takeLaunchToken(hash) }),
      });
      const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
      const socket = new WebSocket(webSocketUrl(new URL(origin)), { headers: { cookie }, origin });
      const closed = once(socket, 'close');
      await once(socket, 'open');
      const websocket = socket as unknown as globalThis.WebSocket;
      return {
        client: clientOver(new WebSocketLink({ websocket, plugins: plugins() })),
        bytes: (path, init = {}) =>
          fetch(`${origin}/${path}`, { ...init, headers: { ...headersOf(init), cookie, origin } }),
        sendRaw: (message) => socket.send(message),
        closed,
        async leave() {
          socket.terminate();
          await closed;
        },
      };
    },
    close: () => server.close(),
  };
}

export function messagePortTransport({ app, rendererDir, log }: TransportOptions): Promise<Transport> {
  const serve = createPortServer(app.services, log);
  const handler = createAppHandler({ bytes: createBytesHandler(app.bytes, log), rendererDir, log });
  const open = new Set<() => void>();
  return Promise.resolve({
    connect() {
      const { port1, port2 } = new MessageChannel();
      const closed = once(port1, 'close');
      open.add(() => port1.close());
      serve(asRpcPort(port2));
      return Promise.resolve({
        client: clientOver(new MessagePortLink({ port: port1, plugins: plugins() })),
        bytes: (path: string, init: RequestInit = {}) => {
          const request = new Request(`${APP_ORIGIN}/${path}`, init);
          return handler(Object.assign(request, { initiatorOrigin: APP_ORIGIN }));
        },
        sendRaw: (message: string) => port1.postMessage(message),
        closed,
        async leave() {
          port1.close();
          await closed;
        },
      });
    },
    close() {
      for (const leave of open) leave();
      return Promise.resolve();
    },
  });
}

function headersOf(init: RequestInit): Record<string, string> {
  return Object.fromEntries(new Headers(init.headers ?? {}));
}
