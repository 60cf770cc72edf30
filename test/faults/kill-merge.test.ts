/**
 * @file The process that merges a session package is killed at random points: afterwards the session is in the library whole or
 * not at all, merging again completes it, and nothing is there twice. CHESTLIGHT_KILLS=200 for the long version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { mergePackage } from '../../main/services/exchange/package/package-service.ts';
import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { isMerged, packRound, type PackedRound } from '../helpers/packed-round.ts';
import { tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';

const FILMS = 10;
const STEPS = 12;
const KILLS = killsOr(4);
const PROGRAM = join(import.meta.dirname, '../helpers/merge-program.ts');
const random = chance();

/** @param share of the time that a merge takes, from its opening on. @returns ms from opened to the end, if it was let */
async function mergeUntilKilled(home: string, round: PackedRound, after: number | null): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, home, round.path, round.fingerprint], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(createInterface({ input: child.stdout }), 'line');
  const opened = performance.now();
  if (after !== null) {
    await Promise.race([wait(after), ended]);
    child.kill('SIGKILL');
  }
  await ended;
  return performance.now() - opened;
}

async function stands(home: string, round: PackedRound): Promise<boolean> {
  const { library } = await tempLibrary({ dir: home });
  expect(library.files.readOnly).toBe(false);
  expect(library.store.restored).toBeNull();
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  const merged = isMerged(library, round);
  await library.close();
  return merged;
}

it(
  `leaves the session whole or not there at all, in ${KILLS} kills`,
  { timeout: 120_000 + KILLS * 30_000 },
  async () => {
    const round = await packRound(tempFolder(), FILMS, STEPS);
    // How long one takes here, so that kills fall all over it.
    const whole = await mergeUntilKilled(join(tempFolder(), 'library'), round, null);
    let home = join(tempFolder(), 'library');
    let cutOff = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await mergeUntilKilled(home, round, random() * whole);
      const merged = await stands(home, round);
      cutOff += Number(!merged);
      if (merged) home = join(tempFolder(), 'library');
    }
    expect(cutOff).toBeGreaterThan(0); // else nothing was cut off, and nothing was tested

    for (const added of [true, false]) {
      const { library } = await tempLibrary({ dir: home });
      const asked = { passphrase: null, trust: round.fingerprint, now: 1 };
      const counts = await mergePackage(library, round.path, asked);
      expect(counts).toMatchObject({
        isNewReview: added,
        versionsAdded: added ? round.versions : 0,
        decisionsAdded: Number(added),
        readTwice: [],
        filmsMissing: [],
      });
      await library.close();
      expect(await stands(home, round)).toBe(true);
    }
  },
);
