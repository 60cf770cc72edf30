/** @file app:// serves the window and the byte route with the headers of the browser host, to nobody else, and nothing beside. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createAppHandler, type AppRequest } from '../../main/electron/app-protocol.ts';
import { contentSecurityPolicy, COMMON_HEADERS } from '../../main/rpc/security-headers.ts';
import { errorBody } from '../../shared/contract/transport.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';

function setUp() {
  const folder = tempFolder();
  const rendererDir = join(folder, 'renderer');
  mkdirSync(join(rendererDir, 'assets'), { recursive: true });
  writeFileSync(join(rendererDir, 'index.html'), '<title>the window</title>');
  writeFileSync(join(rendererDir, 'assets', 'a-1f2e.js'), 'export {};');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(rendererDir, 'link.txt'));
  const asked: string[] = [];
  const log = keptLog();
  const bytes = (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    if (pathname.endsWith('/broken')) return Promise.reject(new Error('inner words'));
    return Promise.resolve(
      new Response('bytes', { headers: { 'content-type': 'application/octet-stream' } }),
    );
  };
  return { handler: createAppHandler({ bytes, rendererDir, log }), asked, log };
}

/** A request as Electron makes it: the address goes through as the page wrote it. */
function request(url: string, init?: RequestInit, initiatorOrigin?: string | null): AppRequest {
  return Object.assign(new Request(url, init), initiatorOrigin === undefined ? {} : { initiatorOrigin });
}

describe('app://', () => {
  it('serves the page and its files with the policy of the window', async () => {
    const { handler } = setUp();
    const page = await handler(request('app://chestlight/'));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('the window');
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy([`'self'`]));
    for (const [name, value] of Object.entries(COMMON_HEADERS)) expect(page.headers.get(name)).toBe(value);
    const script = await handler(request('app://chestlight/assets/a-1f2e.js', {}, 'app://chestlight'));
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('gives bytes by the same handler as the browser host, with their own headers kept', async () => {
    const { handler, asked } = setUp();
    const answer = await handler(request('app://chestlight/bytes/film/x/thumbnail', {}, 'app://chestlight'));
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    await handler(request('app://chestlight/bytes/upload/u/a.png', { method: 'POST', body: 'x' }));
    expect(asked).toEqual(['GET /bytes/film/x/thumbnail', 'POST /bytes/upload/u/a.png']);
  });

  it.each([
    'app://chestlight/../secret.txt',
    'app://chestlight/%2e%2e/secret.txt',
    'app://chestlight/..%2fsecret.txt',
    'app://chestlight/..%5csecret.txt',
    'app://chestlight/assets\\..\\..\\secret.txt',
    'app://chestlight//secret.txt',
    'app://chestlight/assets/../../secret.txt',
    'app://chestlight/link.txt',
    'app://chestlight/index.html%00.txt',
    'app://chestlight/.hidden.txt',
  ])('serves nothing outside the window: %s', async (url) => {
    const { handler } = setUp();
    const answer = await handler(request(url));
    expect(answer.status).toBe(404);
    expect(errorBody.parse(await answer.json()).error.code).toBe('NOT_FOUND');
  });

  it.each([
    ['another host', 'app://other/', undefined],
    ['a port', 'app://chestlight:81/', undefined],
    ['another scheme', 'http://chestlight/', undefined],
    ['a page elsewhere', 'app://chestlight/bytes/film/x/thumbnail', 'https://example.org'],
    ['a report in its frame', 'app://chestlight/bytes/film/x/thumbnail', 'null'],
    ['an opaque origin', 'app://chestlight/bytes/film/x/thumbnail', null],
  ])('refuses %s', async (_who, url, origin) => {
    const { handler, asked } = setUp();
    const answer = await handler(request(url, {}, origin));
    expect(answer.status).toBe(403);
    expect(errorBody.parse(await answer.json()).error.code).toBe('FORBIDDEN');
    expect(asked).toEqual([]);
  });

  it('turns a defect into the words for defects, and logs it', async () => {
    const { handler, log } = setUp();
    const answer = await handler(request('app://chestlight/bytes/broken'));
    expect(answer.status).toBe(500);
    expect(JSON.stringify(await answer.json())).not.toContain('inner words');
    expect(log.lines.join()).toContain('inner words');
  });

  it('only reads pages', async () => {
    const { handler } = setUp();
    expect((await handler(request('app://chestlight/', { method: 'POST', body: 'x' }))).status).toBe(405);
    const head = await handler(request('app://chestlight/', { method: 'HEAD' }));
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
