/** @file A window over each transport, both on the one app of the suite. */
import {
  messagePortTransport,
  webSocketTransport,
  type Connection,
  type Transport,
  type TransportOptions,
} from './transports.ts';
import type { World } from './world.ts';

export const TRANSPORTS = ['WebSocket', 'MessagePort'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

export interface Windows {
  readonly transports: Readonly<Record<TransportName, Transport>>;
  readonly connections: Readonly<Record<TransportName, Connection>>;
  close(): Promise<void>;
}

/** `services` and `bytes` of the world unless others are given. */
export async function openWindows(
  world: World,
  app: Partial<TransportOptions['app']> = {},
): Promise<Windows> {
  const { rendererDir, log, services } = world;
  const options = { app: { services, bytes: world.parts.app.bytes, ...app }, rendererDir, log };
  const transports = {
    WebSocket: await webSocketTransport(options),
    MessagePort: await messagePortTransport(options),
  };
  const connections = {
    WebSocket: await transports.WebSocket.connect(),
    MessagePort: await transports.MessagePort.connect(),
  };
  return {
    transports,
    connections,
    async close() {
      for (const connection of Object.values(connections)) await connection.leave();
      for (const transport of Object.values(transports)) await transport.close();
    },
  };
}
