/** @file Sleep, shut-down and sign-out as Electron tells them: what is at work is saved, and nobody is asked. */
import { EventEmitter } from 'node:events';

import { expect, it } from 'vitest';

import { followSession } from '../../main/electron/session-end.ts';

function session(isBusy: boolean) {
  const power = new EventEmitter();
  const window = new EventEmitter();
  const told: string[] = [];
  followSession(power, window, {
    keepNow: () => Promise.resolve(told.push('checkpoint')),
    leave: (why) => told.push(`leave: ${why}`),
    isBusy: () => isBusy,
    note: () => undefined,
  });
  let held = 0;
  const event = { preventDefault: () => (held += 1) };
  return { power, window, told, event, held: () => held };
}

it('asks for a checkpoint before the computer sleeps, and goes on', () => {
  const { power, told } = session(true);
  power.emit('suspend');
  power.emit('resume');
  expect(told).toEqual(['checkpoint']);
});

it('holds up a shut-down until the library is closed', () => {
  const { power, told, event, held } = session(true);
  power.emit('shutdown', event);
  expect([told, held()]).toEqual([['leave: the computer shuts down'], 1]);
});

it.each([
  [true, 1],
  [false, 0],
])('holds up a sign-out only while something is at work: %s', (isBusy, times) => {
  const { window, told, event, held } = session(isBusy);
  window.emit('query-session-end', event);
  expect([told, held()]).toEqual([['leave: the session ends'], times]);
});
