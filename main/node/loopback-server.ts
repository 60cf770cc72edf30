/**
 * @file The app over 127.0.0.1 for a browser window: pages, byte routes and RPC over one WebSocket, behind the request
 * guard, a session cookie, rate and size limits. server-main.ts, the demo verb and the tests start it.
 */
import { serve, type HttpBindings } from '@hono/node-server';
import { RPCHandler } from '@orpc/server/ws';
import { Hono, type Context } from 'hono';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

import { launchUrl, RPC_PATH, SESSION_PATH, sessionRequest } from '../../shared/contract/transport.ts';
import { BYTES_PREFIX } from '../rpc/bytes.ts';
import { errorResponse, refuse } from '../rpc/http-errors.ts';
import { createRouter } from '../rpc/router.ts';
import { withSecurityHeaders } from '../rpc/security-headers.ts';
import { createWindowHandler } from '../rpc/window-handler.ts';
import type { App } from '../services/app.ts';
import type { Clock, Log } from '../services/service-types.ts';
import { TokenBucket, type RateLimit } from './rate-limit.ts';
import { judgeRequest, type RequestFacts, type RouteKind } from './request-guard.ts';
import { Sessions } from './sessions.ts';

export interface LoopbackLimits {
  readonly requests: RateLimit;
  /** Attempts to open a session. */
  readonly sessions: RateLimit;
  readonly messagesPerSocket: RateLimit;
  readonly sockets: number;
  readonly messageBytes: number;
  readonly sessionBodyBytes: number;
}

export const LOOPBACK_LIMITS: LoopbackLimits = {
  requests: { perSecond: 500, burst: 2000 },
  sessions: { perSecond: 0.5, burst: 20 },
  messagesPerSocket: { perSecond: 200, burst: 1000 },
  sockets: 16,
  messageBytes: 4 * 1024 * 1024,
  sessionBodyBytes: 4096,
};

export interface LoopbackOptions {
  readonly app: Pick<App, 'services' | 'bytes'>;
  readonly rendererDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** 0 = any free port. */
  readonly port?: number;
  readonly limits?: Partial<LoopbackLimits>;
}

export interface Loopback {
  readonly port: number;
  /** A fresh address for one window: its token is good once. */
  url(): string;
  close(): Promise<void>;
}

type Env = { Bindings: HttpBindings };

/** Listens on 127.0.0.1 only; resolves when it does. */
export async function startLoopback(options: LoopbackOptions): Promise<Loopback> {
  const limits = { ...LOOPBACK_LIMITS, ...options.limits };
  const hono = new Hono<Env>();
  const server = await listen(hono, options.port ?? 0);
  const { port } = server.address() as { port: number };
  const sessions = new Sessions(port);
  const sockets = serveRpc({ server, port, sessions, limits, options });
  addRoutes(hono, { port, sessions, limits, options });
  return {
    port,
    url: () => launchUrl(port, sessions.issueToken()),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(hono: Hono<Env>, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: hono.fetch, hostname: '127.0.0.1', port }, () => resolve(server)) as Server;
    server.once('error', reject);
  });
}

interface Parts {
  readonly port: number;
  readonly sessions: Sessions;
  readonly limits: LoopbackLimits;
  readonly options: LoopbackOptions;
}

function addRoutes(hono: Hono<Env>, { port, sessions, limits, options }: Parts): void {
  const connect = [`'self'`, `ws://127.0.0.1:${port}`];
  const window = createWindowHandler({
    sources: options.app.bytes,
    rendererDir: options.rendererDir,
    connect,
    log: options.log,
  });
  const requests = new TokenBucket(limits.requests, options.clock);
  const attempts = new TokenBucket(limits.sessions, options.clock);

  hono.use(async (context, next) => {
    // What the guard refuses takes nothing of what the window has: another page could use it up.
    const refusal = guard(context.env.incoming, port, sessions) ?? (requests.take() ? null : tooMany());
    if (refusal !== null) return withSecurityHeaders(refusal, connect);
    await next();
    return undefined;
  });
  hono.post(`/${SESSION_PATH}`, async (context) => {
    const answer = attempts.take() ? await openSession(context, sessions, limits) : tooMany();
    return withSecurityHeaders(answer, connect);
  });
  hono.all('*', (context) => window(context.req.raw));
  hono.onError((error) => withSecurityHeaders(errorResponse(error, 'http', options.log), connect));
}

function tooMany(): Response {
  return refuse(429, 'BUSY', 'Too many requests. Wait a moment and try again.');
}

function guard(incoming: IncomingMessage, port: number, sessions: Sessions): Response | null {
  const refusal = judgeRequest(factsOf(incoming, sessions), port);
  if (refusal === null) return null;
  return refuse(refusal.status, refusal.status === 401 ? 'NO_SESSION' : 'FORBIDDEN', refusal.message);
}

function factsOf(incoming: IncomingMessage, sessions: Sessions): RequestFacts {
  const { headers } = incoming;
  const text = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  };
  return {
    route: routeOf(incoming.url ?? '/'),
    method: incoming.method ?? 'GET',
    host: headers.host,
    origin: headers.origin,
    fetchSite: text('sec-fetch-site'),
    fetchDest: text('sec-fetch-dest'),
    hasSession: sessions.accepts(headers.cookie),
  };
}

function routeOf(target: string): RouteKind {
  // Parsed the way the handlers parse it, so that no spelling reaches the bytes as a "page".
  const { pathname } = new URL(target, 'http://127.0.0.1');
  if (pathname === `/${RPC_PATH}`) return 'rpc';
  if (pathname === `/${SESSION_PATH}`) return 'session';
  return pathname.startsWith(BYTES_PREFIX) ? 'bytes' : 'page';
}

async function openSession(
  context: Context<Env>,
  sessions: Sessions,
  limits: LoopbackLimits,
): Promise<Response> {
  const text = await limitedText(context.req.raw, limits.sessionBodyBytes);
  if (text === null) return refuse(413, 'BAD_INPUT', 'The request is too large.');
  const parsed = sessionRequest.safeParse(parseJson(text));
  if (!parsed.success)
    return refuse(400, 'BAD_INPUT', 'The request must be {"token": "…"} or {"token": null}.');
  const { token } = parsed.data;
  const cookie = token === null ? null : sessions.exchange(token);
  if (cookie === null && !sessions.accepts(context.req.header('cookie'))) {
    return refuse(
      401,
      'NO_SESSION',
      'This address has been used already. Start Chestlight again to get a new one.',
    );
  }
  const headers = new Headers({ 'cache-control': 'no-store' });
  if (cookie !== null) headers.set('set-cookie', cookie);
  return new Response(null, { status: 204, headers });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function limitedText(request: Request, limit: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> = request.body ?? new Blob([]).stream();
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function serveRpc({
  server,
  port,
  sessions,
  limits,
  options,
}: Parts & { readonly server: Server }): WebSocketServer {
  const handler = new RPCHandler(createRouter(options.app.services, options.log));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    perMessageDeflate: false,
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const facts = factsOf(incoming, sessions);
    const refusal = facts.route === 'rpc' ? judgeRequest(facts, port) : { status: 404 };
    const full = sockets.clients.size >= limits.sockets;
    if (refusal !== null || full) {
      socket.end(
        `HTTP/1.1 ${refusal?.status ?? 503} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (peer) => {
      limitMessages(peer, new TokenBucket(limits.messagesPerSocket, options.clock));
      void handler.upgrade(peer);
    });
  });
  return sockets;
}

/** Closes a socket that floods us; must be attached before the RPC handler. */
function limitMessages(peer: WebSocket, bucket: TokenBucket): void {
  peer.on('error', () => peer.terminate());
  peer.on('message', () => {
    if (!bucket.take()) peer.close(1008, 'too many messages');
  });
}
