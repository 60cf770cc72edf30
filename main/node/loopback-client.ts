/** @file A program as a window of a running app: exchanges a launch token, opens the RPC WebSocket, calls the contract. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { WebSocket } from 'ws';

import type { Contract } from '../../shared/contract/index.ts';
import { SESSION_PATH, takeLaunchToken, webSocketUrl } from '../../shared/contract/transport.ts';

export interface LoopbackClient {
  readonly client: ContractRouterClient<Contract>;
  close(): void;
}

/** @param url as the server printed it, with its token @throws Error when the server does not take the token */
export async function connectLoopback(url: string): Promise<LoopbackClient> {
  const page = new URL(url);
  const answer = await fetch(new URL(SESSION_PATH, page.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: page.origin },
    body: JSON.stringify({ token: takeLaunchToken(page.hash) }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!answer.ok || cookie === undefined) {
    throw new Error(`The running app did not take the address (${answer.status}): it was used before.`);
  }
  const socket = new WebSocket(webSocketUrl(page), { origin: page.origin, headers: { cookie } });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  // oRPC asks for the browser's type; of it, it uses what ws has too.
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return { client: createORPCClient(link), close: () => socket.close() };
}
