/** @file The lock: off until somebody has a PIN, opened by a PIN alone, held over a restart, nothing of a film gets past it. */
import { join } from 'node:path';

import { createRouterClient } from '@orpc/server';
import { expect, it } from 'vitest';

import { createRouter } from '../../../main/rpc/router.ts';
import type { FilmId, ReaderId } from '../../../shared/domain/ids.ts';
import { openTestApp } from '../../helpers/open-app.ts';
import { call, tempFolder } from '../../helpers/temp-library.ts';

const PIN = '4711';
const WRONG = '0815';

async function withOwner(dir: string) {
  const parts = await openTestApp({ dir });
  const { services } = parts.app;
  const { reader } = await services.readers.firstOwner({ name: 'Owner', pin: PIN }, call);
  const client = createRouterClient(createRouter(services, parts.log));
  return { ...parts, services, client, id: reader.id as ReaderId };
}

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
