/**
 * @file RPC over one MessagePort of the window: the same routers and messages as the WebSocket of the browser host. Takes
 * Electron's MessagePortMain by its shape, so that tests run it on Node's own ports.
 */
import { RPCHandler } from '@orpc/server/websocket';

import { createRouter } from '../rpc/router.ts';
import type { Services } from '../services/app.ts';
import type { Log } from '../services/service-types.ts';

/** What RPC needs of Electron's MessagePortMain. */
export interface RpcPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** Delivers what has been queued; listeners must be on by then. */
  start(): void;
  close(): void;
}

/** As the browser host's limit: nothing that the window asks for is longer. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Serves one port until its other end is gone; every running call and stream of it ends then. */
export type ServePort = (port: RpcPort) => void;

export function createPortServer(services: Services, log: Log): ServePort {
  const handler = new RPCHandler(createRouter(services, log));
  return (port) => {
    // A port sends and receives what a socket would: the handler knows it by `send` and by identity.
    const socket = {
      send: (message: unknown) => port.postMessage(message),
      addEventListener: () => undefined,
    };
    let open = true;
    port.on('message', ({ data }) => {
      if (!isRpcMessage(data)) {
        log.warn('the window sent a message that is no request', { kind: typeof data });
        port.close();
        return;
      }
      handler.message(socket, data).catch((error: unknown) => {
        // A call that was cut off by the window's going is no fault; its text may name films, so only the kind is logged.
        if (open)
          log.warn('a message of the window failed', { name: error instanceof Error ? error.name : '?' });
      });
    });
    port.on('close', () => {
      open = false;
      handler.close(socket);
    });
    port.start();
  };
}

/** Requests come as text, or as bytes when they hold a file. */
function isRpcMessage(data: unknown): data is string | ArrayBuffer {
  if (typeof data === 'string') return data.length <= MAX_MESSAGE_BYTES;
  const bytes = data instanceof Uint8Array || data instanceof ArrayBuffer;
  return bytes && data.byteLength <= MAX_MESSAGE_BYTES;
}
