/** @file Copies by the app as hosts open it: listed with what they hold, looked at, gone back to and forth again under open windows. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import type { App } from '../../../main/services/app.ts';
import { openApp } from '../../../main/services/compose.ts';
import { listBackups, fileListOf } from '../../../main/store/backup.ts';
import { openStore } from '../../../main/store/store.ts';
import { filmQuery, importSource } from '../../../shared/contract/library.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import type { ReaderId } from '../../../shared/domain/ids.ts';
import { call, keptLog, tempFolder } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

async function openCopied() {
  const dir = join(tempFolder(), 'library');
  const films = tempFolder();
  const log = keptLog();
  const app = await openApp({
    libraryDir: dir,
    host: 'browser',
    workerHost: scriptedHost(),
    log,
    clock: Date,
    statusEveryMs: 0, // streams are at work on the library whenever it is left
  });
  onTestFinished(() => app.close());
  return { dir, films, app };
}

async function addFilm({ services }: App, folder: string, seed: number): Promise<void> {
  writeFileSync(join(folder, `${seed}.dcm`), tinyDicom({ pixel: pattern(seed) }));
  const { importId } = await services.library.import(importSource.parse({ paths: [folder] }), call);
  for await (const event of await services.library.watchImport({ importId: importId as never }, call))
    void event;
}

const filmsOf = async ({ services }: App): Promise<number> =>
  (await services.library.films(filmQuery.parse({}), call)).total;

const WATCHERS = 20;

/** Status streams of many windows; each tells how it ended. */
async function watched({ services }: App) {
  const follow = async (): Promise<string> => {
    const leave = new AbortController();
    try {
      for await (const event of await services.system.watch({}, { signal: leave.signal })) void event;
      return 'ended';
    } catch (error) {
      return String(error);
    }
  };
  const streams = Promise.all(Array.from({ length: WATCHERS }, follow));
  await services.system.status({}, call);
  return { streams };
}

it('goes back to a copy and forth again, and says what that loses and misses', async () => {
  const { dir, films, app } = await openCopied();
  const { copies } = app.services;
  await addFilm(app, films, 1);
  const copy = await copies.make({}, call);
  expect(copy).toMatchObject({ kind: 'daily', content: { films: 1, patients: 1, runs: 0, readings: 0 } });
  await addFilm(app, films, 2);
  // The first was made by itself when films came in.
  const own = { kind: 'daily', content: { films: 1 } };
  expect(await copies.list({}, call)).toMatchObject({ copies: [copy, own], now: { films: 2 } });
  expect(await copies.preview({ id: copy.id }, call)).toEqual({
    copy,
    lost: { films: 1, runs: 0, readings: 0 },
    missing: { films: 0, weights: 0, others: 0, of: 3 },
  });

  const { streams } = await watched(app);
  expect(await copies.restore({ id: copy.id, token: null }, call)).toEqual({ at: copy.at });
  expect(await streams).toEqual(Array.from({ length: WATCHERS }, () => 'ended'));
  expect(await filmsOf(app)).toBe(1);
  const { warnings } = await app.services.library.overview({}, call);
  expect(warnings[0]).toMatch(/as it was at 20\d\d-.*state before is kept/);

  const list = await copies.list({}, call);
  const [replaced] = list.copies;
  expect(replaced).toMatchObject({ kind: 'replaced', content: { films: 2 } });
  await copies.restore({ id: replaced?.id ?? '', token: null }, call);
  expect(await filmsOf(app)).toBe(2);
  await app.close();

  const store = openStore(join(dir, 'library.db'), { clock: Date });
  expect(store.check()).toEqual([]);
  expect(store.audit.verify().ok).toBe(true);
  const restores = store.audit.after(0).filter(({ action }) => action === 'restore');
  expect(restores).toMatchObject([{ detail: { why: 'asked', copyAt: replaced?.at } }]);
  store.close();
});

it('counts files that are not there any more, with and without the list beside the copy', async () => {
  const { dir, films, app } = await openCopied();
  await addFilm(app, films, 1);
  const { id } = await app.services.copies.make({}, call);
  for (const folder of readdirSync(join(dir, 'artifacts')))
    rmSync(join(dir, 'artifacts', folder), { recursive: true });
  const missing = { films: 1, weights: 0, others: 2, of: 3 };
  expect((await app.services.copies.preview({ id }, call)).missing).toEqual(missing);
  const [backup] = listBackups(join(dir, 'library.db'));
  rmSync(fileListOf(backup?.path ?? ''));
  expect((await app.services.copies.preview({ id }, call)).missing).toEqual(missing);
});

it('refuses a damaged copy, one that is gone, and while something is at work; nothing is changed then', async () => {
  const { dir, films, app } = await openCopied();
  await addFilm(app, films, 1);
  const { id } = await app.services.copies.make({}, call);
  await expect(app.services.copies.restore({ id: 'copy-1', token: null }, call)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  for (let seed = 2; seed < 12; seed += 1)
    writeFileSync(join(films, `${seed}.dcm`), tinyDicom({ pixel: pattern(seed) }));
  const { importId } = await app.services.library.import(importSource.parse({ paths: [films] }), call);
  await expect(app.services.copies.restore({ id, token: null }, call)).rejects.toMatchObject({
    code: 'BUSY',
  });
  for await (const event of await app.services.library.watchImport({ importId: importId as never }, call))
    void event;
  expect(await filmsOf(app)).toBe(11);
  writeFileSync(join(dir, `library.db.${id}`), 'x'.repeat(8192));
  await expect(app.services.copies.restore({ id, token: null }, call)).rejects.toMatchObject({
    code: 'CORRUPT_LIBRARY',
  });
  expect(await filmsOf(app)).toBe(11);
});

it('goes back for an owner alone where the library has readers', async () => {
  const { films, app } = await openCopied();
  const { copies, readers } = app.services;
  await addFilm(app, films, 1);
  const { token, reader: owner } = await readers.firstOwner({ name: 'Olga', pin: '4711' }, call);
  const added = await readers.add({ token, name: 'Ana', role: 'reader', pin: '0815' }, call);
  const { id } = await copies.make({}, call);
  await addFilm(app, films, 2);
  const ana = await readers.signIn({ readerId: added.id as ReaderId, pin: '0815' }, call);
  const asked = (who: string | null) =>
    Promise.resolve().then(() => copies.restore({ id, token: who }, call));
  await expect(asked(null)).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  await expect(asked(ana.token)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await filmsOf(app)).toBe(2);
  await asked(token);
  expect(await filmsOf(app)).toBe(1);
  // The PIN of before opens it still; the sign-in ended with the library that was closed.
  expect(await app.services.readers.whoAmI({ token }, call)).toBeNull();
  await app.services.readers.signIn({ readerId: owner.id as ReaderId, pin: '4711' }, call);
});
