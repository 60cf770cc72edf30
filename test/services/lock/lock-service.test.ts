/** @file The lock: off until somebody has a PIN, opened by a PIN alone, held over a restart, nothing of a film gets past it. */
import { join } from 'node:path';

import { createRouterClient } from '@orpc/server';
import { expect, it, onTestFinished } from 'vitest';

import type { App } from '../../../main/services/app.ts';
import { createRouter } from '../../../main/rpc/router.ts';
import type { Clock } from '../../../main/services/service-types.ts';
import type { FilmId, ReaderId } from '../../../shared/domain/ids.ts';
import { openParts } from '../../../main/services/compose.ts';
import { openTestApp } from '../../helpers/open-app.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import { call, keptLog, tempFolder } from '../../helpers/temp-library.ts';

const PIN = '4711';
const WRONG = '0815';

async function withOwner(dir: string) {
  const parts = await openTestApp({ dir });
  const { services } = parts.app;
  const { reader } = await services.readers.firstOwner({ name: 'Owner', pin: PIN }, call);
  const client = createRouterClient(createRouter(services, parts.log));
  return { ...parts, services, client, id: reader.id as ReaderId };
}

/** A clock that a test sets. */
function handClock(at = 1_700_000_000_000) {
  const clock = { at, now: () => clock.at };
  return clock;
}

async function opened(dir: string, { clock }: { readonly clock: Clock }) {
  const parts = await openParts({
    ...{ libraryDir: dir, host: 'browser', workerHost: scriptedHost(), log: keptLog(), clock },
  });
  onTestFinished(() => parts.app.close());
  return parts;
}

const unlocked = (app: App, readerId: string, pin: string) =>
  Promise.resolve().then(() => app.services.lock.unlock({ readerId: readerId as ReaderId, pin }, call));

it('is off and cannot be used while nobody has a PIN', async () => {
  const { app } = await openTestApp();
  expect(await app.services.lock.state({}, call)).toEqual({ locked: false, minutes: 0, usable: false });
  expect(() => app.services.lock.lock({}, call)).toThrow(/Nobody has a PIN/);
});

it('refuses calls and bytes to every window until a right PIN, and tells the trail', async () => {
  const { app, client, id, library } = await withOwner(join(tempFolder(), 'library'));
  expect((await client.library.overview({})).films).toBe(0);
  expect(await client.lock.lock({})).toMatchObject({ locked: true, usable: true });
  for (const asked of [
    () => client.library.overview({}),
    () => client.library.films({}),
    () => client.audit.list({}),
    () => client.deidentify.current({}),
    () => client.system.settings({}),
    () => client.system.check({}),
    () => client.system.keepUpdate({ uploadId: 'upload-0000000001', file: 'a.chestlight-update' }),
    () => client.system.takeSettings({ settings: { lockMinutes: 0 }, token: null }),
    () => client.readers.signIn({ readerId: id, pin: PIN }),
  ]) {
    await expect(asked()).rejects.toMatchObject({ code: 'LOCKED' });
  }
  await expect(app.bytes.thumbnail('film-00000000' as FilmId)).rejects.toMatchObject({ code: 'LOCKED' });
  await expect(client.lock.unlock({ readerId: id, pin: WRONG })).rejects.toMatchObject({ code: 'WRONG_PIN' });
  await expect(client.library.overview({})).rejects.toMatchObject({ code: 'LOCKED' });
  // What the way back needs.
  expect((await client.readers.list({})).readers).toHaveLength(1);
  expect(await client.lock.unlock({ readerId: id, pin: PIN })).toMatchObject({ locked: false });
  expect((await client.library.overview({})).films).toBe(0);
  await expect(app.bytes.thumbnail('film-00000000' as FilmId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const acts = library.store.audit.after(0).map(({ action }) => action);
  expect(acts.filter((act) => act === 'lock' || act === 'unlock')).toEqual(['lock', 'unlock']);
});

it('opens locked once an owner set minutes, and only an owner can', async () => {
  const dir = join(tempFolder(), 'library');
  const first = await withOwner(dir);
  const { token } = await first.services.readers.signIn({ readerId: first.id, pin: PIN }, call);
  const reader = await first.services.readers.add({ token, name: 'Reader', role: 'reader', pin: PIN }, call);
  await expect(
    first.client.lock.setMinutes({ readerId: reader.id, pin: PIN, minutes: 5 }),
  ).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await first.client.lock.setMinutes({ readerId: first.id, pin: PIN, minutes: 5 })).toEqual({
    locked: false,
    minutes: 5,
    usable: true,
  });
  await first.app.close();
  const again = await openTestApp({ dir });
  expect(await again.app.services.lock.state({}, call)).toMatchObject({ locked: true, minutes: 5 });
});

it('ends the sign-in of everybody else when a reader unlocks, and keeps theirs', async () => {
  const clock = handClock();
  const { app } = await opened(join(tempFolder(), 'library'), { clock });
  const { readers, lock, review } = app.services;
  const olga = await readers.firstOwner({ name: 'Olga', pin: PIN }, call);
  const added = await readers.add({ token: olga.token, name: 'Ben', role: 'reader', pin: PIN }, call);
  const ben = await readers.signIn({ readerId: added.id as ReaderId, pin: PIN }, call);
  await lock.lock({}, call);
  await expect(unlocked(app, olga.reader.id, WRONG)).rejects.toMatchObject({ code: 'WRONG_PIN' });
  expect(await readers.whoAmI({ token: ben.token }, call)).toMatchObject({ name: 'Ben' });
  // away for longer than a sign-in lasts, and back with the PIN
  clock.at += 45 * 60_000;
  await unlocked(app, olga.reader.id, PIN);
  expect(await readers.whoAmI({ token: olga.token }, call)).toMatchObject({ name: 'Olga' });
  expect(await readers.whoAmI({ token: ben.token }, call)).toBeNull();
  expect(() => review.list({ token: ben.token }, call)).toThrow(/Nobody is signed in/);
  // Who gives a PIN while nothing is locked takes nobody's place.
  await unlocked(app, ben.reader.id, PIN);
  expect(await readers.whoAmI({ token: olga.token }, call)).toMatchObject({ name: 'Olga' });
});

it('opens a library that is open to be read only by the right PIN, and counts wrong ones there too', async () => {
  const dir = join(tempFolder(), 'library');
  const first = await withOwner(dir);
  await first.client.lock.setMinutes({ readerId: first.id, pin: PIN, minutes: 5 });
  const clock = handClock(Date.now());
  const { app } = await opened(dir, { clock }); // the other program holds it
  expect(await app.services.lock.state({}, call)).toMatchObject({ locked: true, minutes: 5 });
  for (let tries = 0; tries < 2; tries += 1)
    await expect(unlocked(app, first.id, WRONG)).rejects.toMatchObject({ code: 'WRONG_PIN' });
  await expect(unlocked(app, first.id, WRONG)).rejects.toThrow(/Try again in 5 s/);
  await expect(unlocked(app, first.id, PIN)).rejects.toThrow(/After 3 wrong PINs/);
  clock.at += 5_000;
  expect(await unlocked(app, first.id, PIN)).toMatchObject({ locked: false });
  expect((await app.services.lock.lock({}, call)).locked).toBe(true);
  expect(await unlocked(app, first.id, PIN)).toMatchObject({ locked: false });
});
