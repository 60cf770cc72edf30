/** @file A port of Node's own MessageChannel with the events of Electron's MessagePortMain: the shell's own calls use it. */
import type { MessagePort } from 'node:worker_threads';

import type { RpcPort } from './message-port-rpc.ts';

export function asRpcPort(port: MessagePort): RpcPort {
  return {
    postMessage: (message) => port.postMessage(message),
    on(event: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) {
      if (event === 'close') return port.on('close', () => listener({ data: undefined }));
      return port.on('message', (data: unknown) => listener({ data }));
    },
    // Node's port starts with its first listener; asking again does nothing.
    start: () => port.start(),
    close: () => port.close(),
  };
}
