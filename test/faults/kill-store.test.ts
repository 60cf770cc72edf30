/**
 * @file A process that writes into a library is killed at random points, over and over in the same library: the database is sound,
 * the audit trail whole, nothing that was acknowledged is lost, no transaction is there by half.
 * CHESTLIGHT_KILLS=200 for the long version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { expect, it } from 'vitest';

import { openStore } from '../../main/store/store.ts';

import { tempFolder, testClock } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';

const KILLS = killsOr(6);

const PROGRAM = resolve(import.meta.dirname, 'append-program.ts');

/** Kills the writer after `lines` acknowledgements and a part of a write. @returns the last number it acknowledged */
async function writeUntilKilled(file: string, lines: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let last = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    seen += 1;
    if (seen === lines) child.kill('SIGKILL');
  }
  const [, signal] = (await ended) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return last;
}

it(
  `loses nothing that was acknowledged in ${KILLS} kills`,
  { timeout: 60_000 + KILLS * 10_000 },
  async () => {
    const file = join(tempFolder(), 'library.db');
    const random = chance();
    openStore(file, { clock: testClock() }).close();
    let unclean = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await writeUntilKilled(file, 1 + Math.floor(random() * 60));
      const store = openStore(file, { clock: testClock() });
      unclean += Number(store.wasUnclean);
      expect(store.check()).toEqual([]);
      const { ok, entries } = store.audit.verify();
      expect([kill, ok]).toEqual([kill, true]);
      expect(entries).toBeGreaterThanOrEqual(acknowledged);
      expect(store.settings.get('last')).toBe(entries);
      expect(store.restored).toBeNull();
      store.close();
    }
    expect(unclean).toBeGreaterThan(0); // else nothing was cut off, and nothing was tested
  },
);
