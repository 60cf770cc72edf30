/**
 * @file The process that encrypts a library, or takes that off again, is killed at random points, again and again: the next one goes on,
 * and in the end every film, label and copy is there. CHESTLIGHT_KILLS=200 for the long version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { encryptionOf } from '../../main/services/library/encryption.ts';
import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { CONVERT_PASSPHRASE } from '../helpers/convert-passphrase.ts';
import { foundIn, words } from '../helpers/folder-search.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { chance, killsOr } from './counts.ts';
import { numberedFilms } from './numbered-films.ts';

const FILMS = 25;
const KILLS = killsOr(4);
const PROGRAM = join(import.meta.dirname, '../helpers/convert-program.ts');
const random = chance();

/** @returns whether it came to its end before it was killed */
async function convertUntilKilled(home: string, to: 'on' | 'off', enough: number): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, home, to], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let isDone = false;
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      isDone ||= line === 'done';
      if (isDone || Number(line) >= enough) resolve();
    });
    lines.once('close', resolve);
  });
  await wait(random() * 60);
  child.kill('SIGKILL');
  await ended;
  return isDone;
}

it(`loses nothing, on and off again, in ${KILLS} kills`, { timeout: 120_000 + KILLS * 30_000 }, async () => {
  const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
  const home = join(tempFolder(), 'library');
  const first = await tempLibrary({ dir: home });
  await importAll(first.library, { paths: [source.dir], labels: source.labels });
  first.library.store.copies.make();
  const labels = first.library.store.labels.counts();
  const names = first.library.store.films.names().map(({ name }) => name);
  const copies = first.library.store.copies.list().length;
  await first.library.close();
  expect(foundIn(home, words(...names))).not.toEqual([]);

  let cutOff = 0;
  for (let round = 0; cutOff < KILLS || round % 2 === 1; round += 1) {
    const to = round % 2 === 0 ? 'on' : 'off';
    for (let isDone = false; !isDone;) {
      const enough = cutOff < KILLS ? Math.floor(random() * FILMS * 3) : Number.POSITIVE_INFINITY;
      isDone = await convertUntilKilled(home, to, enough);
      cutOff += Number(!isDone);
    }
    expect(encryptionOf(home)).toBe(to === 'on' ? 'encrypted' : 'plain');
    if (to === 'on') expect(foundIn(home, words(...names))).toEqual([]);
    const { library } = await tempLibrary({ dir: home, secret: CONVERT_PASSPHRASE });
    expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
    expect(library.store.labels.counts()).toEqual(labels);
    expect(library.store.copies.list().length).toBeGreaterThanOrEqual(copies);
    expect(library.store.copies.damaged()).toEqual([]);
    await library.close();
  }
});
