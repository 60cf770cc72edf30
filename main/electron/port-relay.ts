/** @file Passes the messages of one MessagePort on to the app's WebSocket and back: both carry the same RPC messages. */
import WebSocket, { type RawData } from 'ws';

import { RPC_PATH, webSocketUrl } from '../../shared/contract/transport.ts';
import type { Log } from '../services/service-types.ts';
import type { RpcPort } from './message-port-rpc.ts';

/** The app beside the window: its address and what every request to it carries. */
export interface Session {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly cookie: string;
}

/** Runs until either end is gone; then the other is closed. */
export function relayPort(port: RpcPort, session: Session, log: Log): void {
  const socket = new WebSocket(webSocketUrl(new URL(session.origin)), {
    headers: { cookie: session.cookie },
    origin: session.origin,
    perMessageDeflate: false,
  });
  const early: (string | Uint8Array)[] = [];
  socket.on('open', () => {
    for (const message of early.splice(0)) socket.send(message);
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    port.postMessage(isBinary ? new Uint8Array(bytes) : bytes.toString('utf8'));
  });
  socket.on('error', (error) => log.warn(`the ${RPC_PATH} socket failed`, { error: error.message }));
  socket.on('close', () => port.close());
  port.on('message', ({ data }) => {
    const message = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
      log.warn('the window sent a message that is no request', { kind: typeof data });
      socket.close();
      return;
    }
    if (socket.readyState === WebSocket.CONNECTING) early.push(message);
    else socket.send(message, () => undefined); // a socket that has just closed is told by its close event
  });
  port.on('close', () => socket.close());
  port.start();
}
