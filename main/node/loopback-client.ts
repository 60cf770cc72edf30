/** @file A program as a window of a running app: exchanges a launch token, opens the RPC WebSocket, calls the contract. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { WebSocket } from 'ws';

import type { Contract } from '../../shared/contract/index.ts';
import { errorBody, SESSION_PATH, takeLaunchToken, webSocketUrl } from '../../shared/contract/transport.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';

/** A server on this machine answers at once; one that does not in this time has stopped, ms. */
const ANSWER_MS = 10_000;

export interface LoopbackClient {
  readonly client: ContractRouterClient<Contract>;
  /** Aborts when the connection has ended, whoever ended it. */
  readonly ended: AbortSignal;
  /** What the byte route has under an address that the app gave. @throws ServiceError NOT_FOUND */
  bytes(href: string): Promise<Uint8Array>;
  close(): void;
}

function pageOf(url: string): { readonly page: URL; readonly token: string } {
  const page = URL.canParse(url) ? new URL(url) : null;
  const token = page === null ? null : takeLaunchToken(page.hash);
  if (page !== null && token !== null) return { page, token };
  throw new ServiceError(
    'BAD_INPUT',
    'The address of the running app is not whole. It has the form http://127.0.0.1:PORT/#token=…, as the app printed it.',
  );
}

function unreachable(page: URL, cause: unknown): ServiceError {
  const why = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause).message : '';
  return new ServiceError(
    'NOT_FOUND',
    `No running app answers at ${page.origin}. It was closed, or the address is an old one. Start Chestlight and use its new address.`,
    { address: page.origin, why },
  );
}

async function refused(answer: Response): Promise<ServiceError> {
  const { status } = answer;
  if (status === 401) {
    return new ServiceError(
      'CONFLICT',
      'The running app did not take the address: it was used before, and each is good for one window or program. Start Chestlight again to get a new one.',
      { status },
    );
  }
  if (status === 429) {
    return new ServiceError(
      'BUSY',
      'The running app takes no more connections for the moment. Wait a minute and try again.',
      { status },
    );
  }
  const body = errorBody.safeParse(await answer.json().catch(() => null));
  const why = body.success ? ` ${body.data.error.message}` : ' Is it Chestlight that runs there?';
  return new ServiceError('CONFLICT', `The running app did not take the address (${status}).${why}`, {
    status,
  });
}

/** The session cookie that the token buys. */
async function openSession(page: URL, token: string): Promise<string> {
  const answer = await fetch(new URL(SESSION_PATH, page.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: page.origin },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((error: unknown) => {
    throw unreachable(page, error);
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!answer.ok || cookie === undefined) throw await refused(answer);
  return cookie;
}

/**
 * @param url as the server printed it, with its token
 * @throws ServiceError BAD_INPUT (not such an address), NOT_FOUND (nobody answers), CONFLICT (used before), BUSY (too many)
 */
export async function connectLoopback(url: string): Promise<LoopbackClient> {
  const { page, token } = pageOf(url);
  const cookie = await openSession(page, token);
  const socket = new WebSocket(webSocketUrl(page), {
    origin: page.origin,
    headers: { cookie },
    handshakeTimeout: ANSWER_MS,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (error) => reject(unreachable(page, error)));
  });
  const ended = new AbortController();
  // An error is followed by the close; without a listener it would end this program.
  socket.on('error', () => undefined);
  socket.once('close', () => ended.abort());
  // oRPC asks for the browser's type; of it, it uses what ws has too.
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  const bytes = async (href: string): Promise<Uint8Array> => {
    const answer = await fetch(new URL(href, page.origin), {
      headers: { cookie, origin: page.origin, 'sec-fetch-site': 'same-origin' },
    }).catch((error: unknown) => {
      throw unreachable(page, error);
    });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    const body = errorBody.safeParse(await answer.json().catch(() => null));
    throw new ServiceError(
      'NOT_FOUND',
      body.success ? body.data.error.message : `The running app answered ${answer.status}.`,
    );
  };
  return { client: createORPCClient(link), ended: ended.signal, bytes, close: () => socket.close() };
}
