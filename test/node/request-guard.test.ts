/** @file Host × Origin × session: exactly one cell may act. */
import { describe, expect, it } from 'vitest';

import { judgeRequest, type RequestFacts, type RouteKind } from '../../main/node/request-guard.ts';

const PORT = 41234;
const HOSTS = [
  '127.0.0.1:41234',
  'localhost:41234',
  '127.0.0.1:80',
  '127.0.0.1',
  'evil.example',
  '[::1]:41234',
  undefined,
];
const ORIGINS = [
  'http://127.0.0.1:41234',
  'https://127.0.0.1:41234',
  'http://127.0.0.1:5000',
  'https://evil.example',
  'null',
  undefined,
];

function legalCells(route: RouteKind, method: string): string[] {
  const cells: string[] = [];
  for (const host of HOSTS) {
    for (const origin of ORIGINS) {
      for (const hasSession of [true, false]) {
        const facts: RequestFacts = {
          route,
          method,
          host,
          origin,
          hasSession,
          fetchSite: undefined,
          fetchDest: undefined,
        };
        if (judgeRequest(facts, PORT) === null) cells.push(`${host} ${origin} ${hasSession}`);
      }
    }
  }
  return cells;
}

describe('judgeRequest', () => {
  it('has one legal cell for RPC and for uploads', () => {
    const only = ['127.0.0.1:41234 http://127.0.0.1:41234 true'];
    expect(legalCells('rpc', 'GET')).toEqual(only);
    expect(legalCells('bytes', 'POST')).toEqual(only);
  });

  it('reads bytes with our own or no Origin, always with a session', () => {
    expect(legalCells('bytes', 'GET')).toEqual([
      '127.0.0.1:41234 http://127.0.0.1:41234 true',
      '127.0.0.1:41234 undefined true',
    ]);
  });

  it('opens a session only from our own page', () => {
    expect(new Set(legalCells('session', 'POST').map((cell) => cell.replace(/ (true|false)$/, '')))).toEqual(
      new Set(['127.0.0.1:41234 http://127.0.0.1:41234']),
    );
  });

  it.each(['cross-site', 'same-site'])(
    'refuses what the browser says comes from elsewhere (%s)',
    (fetchSite) => {
      const facts: RequestFacts = {
        route: 'bytes',
        method: 'GET',
        host: `127.0.0.1:${PORT}`,
        origin: undefined,
        hasSession: true,
        fetchSite,
        fetchDest: 'image',
      };
      expect(judgeRequest(facts, PORT)?.status).toBe(403);
      expect(judgeRequest({ ...facts, route: 'page', fetchDest: 'script' }, PORT)?.status).toBe(403);
      expect(judgeRequest({ ...facts, route: 'page', fetchDest: 'document' }, PORT)).toBeNull();
    },
  );
});
