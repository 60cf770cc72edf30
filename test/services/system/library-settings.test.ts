/**
 * @file A library's settings for a second workstation: operating points reach the model of the same weights, the lock its minutes; what
 * fits nothing is told; no names and no reasons leave; verbs and the app do the same.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { keepThreshold } from '../../../main/services/evaluation/kept-thresholds.ts';
import { thresholdsByHand } from '../../../main/services/inference/thresholds.ts';
import { lockMinutesOf, setLockMinutes } from '../../../main/services/lock/lock-service.ts';
import { librarySettings, takeLibrarySettings } from '../../../main/services/system/library-settings.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { runCli } from '../../helpers/cli-process.ts';
import { openTestApp } from '../../helpers/open-app.ts';
import { call, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { goldenLibrary } from '../evaluation/golden.ts';

const MODEL = 'ab'.repeat(32);
const ana = { id: 'reader-ana' as never, name: 'Ana Müller' };

/** A library with a scored run of these weights. */
async function withModel(sha256: string) {
  const { library, dir } = await tempLibrary();
  const runId = goldenLibrary(library).add('mlcak');
  const file = { file: 'final.safetensors', epoch: 1, step: 1, bytes: 1, createdAt: 1 };
  library.store.runs.putCheckpoint(runId, { kind: 'final', sha256, ...file });
  return { library, dir, runId };
}

function keep({ library, runId }: Awaited<ReturnType<typeof withModel>>, threshold: number): void {
  keepThreshold(library, Date, null, { runId, task: 't2', threshold, reason: 'Frau Meier was missed' });
}

const pointsOf = (library: Parameters<typeof librarySettings>[0], runId: RunId) =>
  [...thresholdsByHand(library.store, runId).values()].map(({ task, threshold }) => ({ task, threshold }));

it('reach the model of the same weights and the lock, and name nobody', async () => {
  const here = await withModel(MODEL);
  keep(here, 0.4);
  setLockMinutes(here.library, 5, '');
  const settings = librarySettings(here.library);
  expect(settings).toEqual({
    lockMinutes: 5,
    operatingPoints: [{ model: MODEL, task: 't2', threshold: 0.4 }],
  });

  const there = await withModel(MODEL);
  const taken = takeLibrarySettings(there.library, Date, null, settings);
  expect(taken).toEqual({ lockMinutes: 5, set: 1, same: 0, left: 0, why: [] });
  expect(pointsOf(there.library, there.runId)).toEqual([{ task: 't2', threshold: 0.4 }]);
  expect(lockMinutesOf(there.library.store)).toBe(5);
  const again = takeLibrarySettings(there.library, Date, null, settings);
  expect(again).toEqual({ lockMinutes: null, set: 0, same: 1, left: 0, why: [] });
  const acts = there.library.store.audit.after(0).map(({ action }) => action);
  expect(acts.filter((action) => action === 'threshold change')).toHaveLength(1);
});

it('leave out what fits nothing, in words', async () => {
  const { library, runId } = await withModel(MODEL);
  const operatingPoints = [
    { model: 'cd'.repeat(32), task: 't2', threshold: 0.1 },
    { model: MODEL, task: 't1:Unheard of', threshold: 0.1 },
    { model: MODEL, task: 't2', threshold: 0.9 },
  ];
  expect(takeLibrarySettings(library, Date, null, { operatingPoints })).toEqual({
    ...{ lockMinutes: null, set: 1, same: 0, left: 2 },
    why: [
      expect.stringContaining('cdcdcdcd… is not in this library'),
      expect.stringContaining('does not answer'),
    ],
  });
  expect(pointsOf(library, runId)).toEqual([{ task: 't2', threshold: 0.9 }]);
});

it('are an owner’s affair in the app, and operating points always somebody’s who is signed in', async () => {
  const { app } = await openTestApp();
  const { system, readers } = app.services;
  const operatingPoints = [{ model: MODEL, task: 't2', threshold: 0.5 }];
  const take = (token: string | null, settings = {}) =>
    Promise.resolve().then(() => system.takeSettings({ settings, token }, call));
  await expect(take(null, { operatingPoints })).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  expect(await take(null, { lockMinutes: 2 })).toMatchObject({ lockMinutes: 2 });
  const owner = await readers.firstOwner({ name: ana.name, pin: '20417' }, call);
  const other = await readers.add({ token: owner.token, name: 'Ben', role: 'reader', pin: '20418' }, call);
  const { token } = await readers.signIn({ readerId: other.id as never, pin: '20418' }, call);
  await expect(take(null)).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  await expect(take(token)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await take(owner.token, { operatingPoints })).toMatchObject({ left: 1 });
});

it('go from one library to the other by verbs, which refuse what is none', { timeout: 300_000 }, async () => {
  const here = await withModel(MODEL);
  keep(here, 0.4);
  await here.library.close();
  const there = await withModel(MODEL);
  await there.library.close();
  const file = join(tempFolder(), 'settings.json');
  const out = await runCli(['settings', 'export', file, '--library', here.dir]);
  expect(out, out.stderr).toMatchObject({ status: 0, json: { library: { lockMinutes: 0 } } });
  expect(readFileSync(file, 'utf8')).not.toMatch(/Meier|command line/);
  expect(await runCli(['settings', 'export', file, '--library', here.dir])).toMatchObject({
    status: 2,
    json: { error: { code: 'CONFLICT' } },
  });
  expect(await runCli(['settings', 'check', file])).toMatchObject({ json: { library: { lockMinutes: 0 } } });
  expect(await runCli(['settings', 'import', file, '--library', there.dir])).toMatchObject({
    status: 0,
    json: { set: 1, left: 0 },
  });
  writeFileSync(file, '{"format":"chestlight settings 3"}');
  expect(await runCli(['settings', 'import', file, '--library', there.dir])).toMatchObject({
    status: 2,
    json: { error: { code: 'BAD_INPUT', message: expect.stringContaining('Update Chestlight') as string } },
  });
});
