/** @file The loopback host as a stranger on the same computer meets it: one address, no CORS, limits, tokens that are good once. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';

import { expect, it, onTestFinished } from 'vitest';

import { startLoopback, type LoopbackLimits } from '../../main/node/loopback-server.ts';
import { SESSION_PATH, takeLaunchToken } from '../../shared/contract/transport.ts';
import { openTestApp } from '../helpers/open-app.ts';
import { scriptedHost } from '../helpers/scripted-workers.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';

/** Of the right form, and wrong. */
const GUESS = 'g'.repeat(30);

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

async function host(limits: Partial<LoopbackLimits> = {}) {
  const rendererDir = join(tempFolder(), 'renderer');
  mkdirSync(rendererDir);
  writeFileSync(join(rendererDir, 'index.html'), '<title>the window</title>');
  const { app } = await openTestApp({ workerHost: scriptedHost() });
  // Time stands still: a bucket that is empty stays empty.
  const server = await startLoopback({ app, rendererDir, log: keptLog(), clock: { now: () => 1 }, limits });
  onTestFinished(() => server.close());
  const origin = `http://127.0.0.1:${server.port}`;
  /** Headers go out as they are given, `Host` too, which fetch would not do. */
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body = '') =>
    new Promise<Answer>((resolve, reject) => {
      const target = { host: '127.0.0.1', port: server.port, path, method, headers };
      const call = request(target, (answer) => {
        answer.resume();
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }));
      });
      call.once('error', reject);
      call.end(body);
    });
  const session = (token: string | null, extra = '') =>
    ask(
      `/${SESSION_PATH}`,
      { origin, 'content-type': 'application/json' },
      'POST',
      JSON.stringify({ token }) + extra,
    );
  return { server, origin, ask, session };
}

it('answers its own page to its own address only', async () => {
  const { server, ask } = await host();
  expect((await ask('/')).status).toBe(200);
  expect((await ask('/', { host: `localhost:${server.port}` })).status).toBe(403);
  expect((await ask('/', { host: 'rebound.example' })).status).toBe(403);
});

it('gives other pages nothing, and no CORS header to any', async () => {
  const { origin, ask } = await host();
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const { status, headers } = await ask('/', { origin: 'https://evil.example' }, method);
    expect([method, status]).toEqual([method, 403]);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
  const own = await ask('/', { origin });
  expect(Object.keys(own.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

it('takes a token once, and no guessed one', async () => {
  const { server, session } = await host();
  const token = takeLaunchToken(new URL(server.url()).hash);
  expect((await session(GUESS)).status).toBe(401);
  const first = await session(token);
  expect(first.status).toBe(204);
  expect(first.headers['set-cookie']?.join()).toMatch(/HttpOnly.*SameSite=Strict|SameSite=Strict.*HttpOnly/i);
  expect((await session(token)).status).toBe(401);
});

it('reads no body beyond its limit', async () => {
  const { session } = await host({ sessionBodyBytes: 64 });
  expect((await session(GUESS, ' '.repeat(100))).status).toBe(413);
  expect((await session(GUESS)).status).toBe(401);
});

it('stops who asks too often, and who guesses tokens sooner', async () => {
  const { ask } = await host({ requests: { perSecond: 1, burst: 3 } });
  const statuses: number[] = [];
  for (let n = 0; n < 5; n++) statuses.push((await ask('/')).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  // Another page's requests, which are refused, use up nothing of the window's.
  const { ask: again } = await host({ requests: { perSecond: 1, burst: 3 } });
  for (let n = 0; n < 10; n++)
    expect((await again('/', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await again('/')).status).toBe(200);
  const { session } = await host({ sessions: { perSecond: 1, burst: 2 } });
  const guesses: number[] = [];
  for (let n = 0; n < 4; n++) guesses.push((await session(`${GUESS}${n}`)).status);
  expect(guesses).toEqual([401, 401, 429, 429]);
});
