/**
 * @file The training process is killed at random moments, over and over until the run is done: after each kill every checkpoint and
 * weights file can be read, and the final weights are those of a run that nobody touched, bit for bit. CHESTLIGHT_RESUMED=20 runs
 * and CHESTLIGHT_KILLS=200 kills for the long version.
 */
import { existsSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import type { FromTraining } from '../../shared/worker/protocol.ts';
import { finalHash, makeFilms, runProcess, writePlan } from '../worker/training-process.ts';
import { chance, killsOr, RESUMED } from './counts.ts';

const KILLS = killsOr(2);

let made: ReturnType<typeof makeFilms>;
let whole: string;
/** From the engine's first word to the end, ms. */
let workMs = 0;
const random = chance();

const ended = (seen: readonly FromTraining[]): boolean => {
  const last = seen.at(-1);
  return last?.type === 'ended' && last.how === 'finished';
};
const plan = (name: string, resumeFrom: string | null) =>
  writePlan(join(made.dir, name), made.films, { resumeFrom }).path;

/** Reads every weights file. @throws when one is not whole @returns how many there are */
function readAll(dir: string): number {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.safetensors')) : [];
  for (const name of names) readSafetensors(readFileSync(join(dir, name)));
  return names.length;
}

beforeAll(async () => {
  made = makeFilms();
  let readyAt = 0;
  const seen = await runProcess(plan('whole', null), ({ type }) => {
    if (type === 'ready') readyAt = performance.now();
  });
  workMs = performance.now() - readyAt;
  whole = finalHash(seen);
});
afterAll(() => made.remove());

it(
  `${RESUMED} runs end as an unbroken one does, in at least ${KILLS} kills`,
  { timeout: 120_000 + (KILLS + RESUMED) * 60_000 },
  async () => {
    let kills = 0;
    let files = 0;
    for (let run = 0; run < RESUMED || kills < KILLS; run += 1) {
      const name = `run-${run}`;
      let isOver = false;
      for (let start = 0; !isOver; start += 1) {
        const path = plan(name, start === 0 ? null : 'newest');
        const killAfter = random() * workMs;
        const seen = await runProcess(path, (message, worker) => {
          // The last start of a run that was killed often enough is left alone.
          if (message.type === 'ready' && start < 8) setTimeout(() => worker.kill(), killAfter).unref();
        });
        isOver = ended(seen);
        kills += Number(!isOver);
        expect(seen.filter(({ type }) => type === 'failed')).toEqual([]);
        files += readAll(join(made.dir, name));
        if (isOver) expect([name, finalHash(seen)]).toEqual([name, whole]);
      }
      rmSync(join(made.dir, name), { recursive: true });
    }
    process.stdout.write(`${kills} kills, ${files} weights files read, 0 unreadable\n`);
    expect(files).toBeGreaterThan(0);
  },
);

it('falls back from a newest checkpoint that lost its end, says so, and ends with the same weights', async () => {
  const name = 'truncated';
  let steps = 0;
  await runProcess(plan(name, null), (message, worker) => {
    if (message.type === 'checkpoint' && message.kind === 'last' && ++steps === 3) worker.kill();
  });
  const checkpoints = readdirSync(join(made.dir, name)).filter((file) => file.startsWith('checkpoint-'));
  const newest = checkpoints.sort().at(-1) ?? '';
  truncateSync(join(made.dir, name, newest), Math.floor(random() * 60_000_000));
  const seen = await runProcess(plan(name, 'newest'));
  const warning = seen.find((message) => message.type === 'log');
  expect(warning?.message).toContain(`${newest} was passed over`);
  expect(finalHash(seen)).toBe(whole);
});
