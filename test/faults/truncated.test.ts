/** @file The end of the newest files is missing, as after a power cut on a disk that lied: the app falls back and says so. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { openStore } from '../../main/store/store.ts';
import { call, keptLog, tempFolder, tempLibrary, testClock } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';

const CUTS = killsOr(12);
const PROGRAM = join(import.meta.dirname, 'append-program.ts');

/** Kills the writer after `lines` acknowledgements. @returns the last number it acknowledged */
async function writeUntilKilled(file: string, lines: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= lines) child.kill('SIGKILL');
  }
  await ended;
  return last;
}

it(`a log of the database that lost its end, in ${CUTS} lengths: a sound older state, and that it may be older is said`, async () => {
  const folder = tempFolder();
  const killed = join(folder, 'killed');
  mkdirSync(killed);
  const acknowledged = await writeUntilKilled(join(killed, 'library.db'), 80);
  const bytes = statSync(join(killed, 'library.db-wal')).size;
  const random = chance();
  let older = 0;
  for (let cut = 0; cut <= CUTS; cut += 1) {
    const dir = join(folder, 'cut');
    cpSync(killed, dir, { recursive: true });
    const file = join(dir, 'library.db');
    // The last one is not cut at all.
    if (cut < CUTS) truncateSync(`${file}-wal`, cut === 0 ? 0 : Math.floor(random() * bytes));
    const store = openStore(file, { clock: testClock() });
    expect(store.check()).toEqual([]);
    const { ok, entries } = store.audit.verify();
    expect(ok).toBe(true);
    expect(store.settings.get('last') ?? 0).toBe(entries);
    if (entries < acknowledged) {
      older += 1;
      expect([cut, store.cutOffAfter]).toEqual([cut, expect.any(Number)]);
    }
    if (cut === CUTS) expect(entries).toBeGreaterThanOrEqual(acknowledged);
    store.close();
    rmSync(dir, { recursive: true });
  }
  expect(older).toBeGreaterThan(0);
});

it('tells the person and the log', async () => {
  const { dir, library } = await tempLibrary();
  await library.close();
  await writeUntilKilled(join(dir, 'library.db'), 20);
  truncateSync(join(dir, 'library.db-wal'), 10_000);
  const log = keptLog();
  const again = await openLibrary(dir, { workerHost: createNodeWorkerHost(), clock: testClock(), log });
  const { warnings } = await again.service.overview({}, call);
  expect(warnings[0]).toMatch(/cut off in the middle of saving.*newest act that is kept is of 20\d\d-/);
  expect(log.lines.join()).toContain('cut off while it saved');
  await again.close();
  const sound = await openLibrary(dir, { workerHost: createNodeWorkerHost(), clock: testClock(), log });
  expect((await sound.service.overview({}, call)).warnings.join()).not.toContain('cut off');
  await sound.close();
});
