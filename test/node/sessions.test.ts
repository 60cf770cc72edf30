/** @file Launch tokens open one session each; rate limits refill with time. */
import { describe, expect, it } from 'vitest';

import { TokenBucket } from '../../main/node/rate-limit.ts';
import { Sessions } from '../../main/node/sessions.ts';

describe('Sessions', () => {
  it('exchanges a token once and accepts the cookie it gave', () => {
    const sessions = new Sessions(8080);
    const token = sessions.issueToken();
    const setCookie = sessions.exchange(token);
    expect(setCookie).toMatch(/^chestlight-8080=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(sessions.exchange(token)).toBeNull();
    expect(sessions.exchange('x'.repeat(43))).toBeNull();
    const cookie = setCookie?.split(';')[0] ?? '';
    expect(sessions.accepts(`other=1; ${cookie}`)).toBe(true);
    expect(sessions.accepts(cookie.slice(0, -1))).toBe(false);
    expect(sessions.accepts(`x${cookie}`)).toBe(false);
    expect(sessions.accepts(undefined)).toBe(false);
    expect(new Sessions(8080).accepts(cookie)).toBe(false);
  });

  it('forgets the oldest unused token, not the newest', () => {
    const sessions = new Sessions(1);
    const tokens = Array.from({ length: 40 }, () => sessions.issueToken());
    expect(sessions.exchange(tokens[0] ?? '')).toBeNull();
    expect(sessions.exchange(tokens[39] ?? '')).not.toBeNull();
  });
});

describe('TokenBucket', () => {
  it('allows the burst, then the sustained rate', () => {
    let now = 0;
    const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, { now: () => now });
    const takes = (count: number) => Array.from({ length: count }, () => bucket.take());
    expect(takes(4)).toEqual([true, true, true, false]);
    now = 1000;
    expect(takes(3)).toEqual([true, true, false]);
    now = 500;
    expect(takes(1)).toEqual([false]);
    now = 60_000;
    expect(takes(4)).toEqual([true, true, true, false]);
  });
});
