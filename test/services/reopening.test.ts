/** @file An app that is closed and opened again under its windows: streams that are at work on the library just then end, and do not fail. */
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import type { App } from '../../main/services/app.ts';
import { openParts } from '../../main/services/compose.ts';
import { openReopening, type Change } from '../../main/services/reopening.ts';
import type { Status } from '../../shared/contract/system.ts';
import { scriptedHost } from '../helpers/scripted-workers.ts';
import { call, keptLog, tempFolder } from '../helpers/temp-library.ts';

/** The app with a status stream that looks at the library once more when that is closed. */
async function opened() {
  const libraryDir = join(tempFolder(), 'library');
  const closed = Promise.withResolvers<undefined>();
  let change: Change | null = null;
  const app = await openReopening(async (_opening, swap): Promise<App> => {
    change = swap;
    const log = keptLog();
    const { app: own, library } = await openParts({
      ...{ libraryDir, host: 'browser', workerHost: scriptedHost(), log, clock: Date },
    });
    async function* watch(): AsyncGenerator<Status, void> {
      yield await own.services.system.status({}, call);
      await closed.promise;
      library.store.films.totals();
    }
    return {
      ...own,
      services: { ...own.services, system: { ...own.services.system, watch } },
      async close() {
        await own.close();
        closed.resolve(undefined);
      },
    };
  });
  onTestFinished(() => app.close());
  return { app, change: (): Promise<void> | undefined => change?.(() => Promise.resolve({})) };
}

it('ends a stream that finds the library closed because it is opened anew', async () => {
  const { app, change } = await opened();
  const stream = (await app.services.system.watch({}, call)) as AsyncGenerator<Status, void>;
  expect((await stream.next()).value).toMatchObject({ host: 'browser' });
  const rest = stream.next();
  await change();
  expect(await rest).toEqual({ done: true, value: undefined });
  expect(await app.services.system.status({}, call)).toMatchObject({ host: 'browser' });
});

it('hands on what goes wrong in a stream of the library that is open', async () => {
  const { app } = await opened();
  const stream = (await app.services.system.watch({}, call)) as AsyncGenerator<Status, void>;
  await stream.next();
  const failed = expect(stream.next()).rejects.toThrow(/not open/);
  await app.close();
  await failed;
});
