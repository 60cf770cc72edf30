/**
 * @file The training process on a disk that fails: each call of a whole run that creates, writes, syncs, renames or copies fails, once
 * (EIO) or from there on (ENOSPC). The run ends with words for a person, nothing is half there, and with a sound disk it goes on to the
 * weights of a run that nobody touched. A seeded sample of the calls, spread over the run; all with CHESTLIGHT_FAULTS=all.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { TEMP_SUFFIX } from '../../main/files/atomic-write.ts';
import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import type { FromTraining } from '../../shared/worker/protocol.ts';
import { finalHash, makeFilms, runProcess, writePlan } from '../worker/training-process.ts';
import { ALL_FAULTS, chance } from './counts.ts';
import type { FaultPlan } from './failing-fs.ts';

const FAILING_FS = pathToFileURL(join(import.meta.dirname, 'failing-fs.ts')).href;
/** Calls that are tried in a short test, each from its own part of the run. */
const SAMPLE = 3;
const DISKS = [
  { code: 'EIO', lasts: false },
  { code: 'ENOSPC', lasts: true },
] as const;
const WORDS = {
  EIO: 'The disk did not take the data. What was saved before is kept; check the disk and try again.',
  ENOSPC: 'The disk is full. What was saved before is kept; free some space and try again.',
} as const;

let made: ReturnType<typeof makeFilms>;
let calls: readonly string[];
let whole: string;
const random = chance();

/** A run on a disk that fails as planned. */
async function onDisk(name: string, fault: Omit<FaultPlan, 'under'>): Promise<FromTraining[]> {
  const { path } = writePlan(join(made.dir, name), made.films);
  return await runProcess(path, () => undefined, {
    NODE_OPTIONS: `--import=${FAILING_FS}`,
    CHESTLIGHT_FAULT: JSON.stringify({ ...fault, under: join(made.dir, name) } satisfies FaultPlan),
  });
}

/** @throws when a file of the run is not whole, or something was left over */
function expectWhole(dir: string): void {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (entry.name.endsWith('.safetensors')) readSafetensors(readFileSync(path));
    else if (entry.name.endsWith('.json')) JSON.parse(readFileSync(path, 'utf8'));
    else if (entry.name.endsWith('.png')) expect(readFileSync(path).subarray(-8, -4).toString()).toBe('IEND');
    else expect([path, entry.name.endsWith(TEMP_SUFFIX)]).toEqual([path, false]);
  }
}

/** The calls of a run that are tried, from 1. */
function chosen(): number[] {
  if (ALL_FAULTS) return calls.map((_, index) => index + 1);
  const part = calls.length / SAMPLE;
  return Array.from({ length: SAMPLE }, (_, at) => 1 + Math.floor((at + random()) * part));
}

beforeAll(async () => {
  made = makeFilms();
  mkdirSync(join(made.dir, 'told'));
  const told = join(made.dir, 'told', 'calls');
  whole = finalHash(await onDisk('whole', { failAt: 0, code: 'EIO', lasts: false, told }));
  calls = readFileSync(told, 'utf8').split('\n');
});
afterAll(() => made.remove());

it('makes calls from the first picture to the last file of a run', () => {
  expect(calls.length).toBeGreaterThan(40);
  expect(calls.join()).toMatch(/scores/);
});

it.each(DISKS)(
  'a run on a disk that fails ($code, from there on: $lasts) ends in words, is whole, and goes on to the same weights',
  async ({ code, lasts }) => {
    let ended = 0;
    for (const failAt of chosen()) {
      const call = `call ${failAt} of ${calls.length}, ${calls[failAt - 1] ?? ''}`;
      const name = `${code}-${failAt}`;
      const first = await onDisk(name, { failAt, code, lasts });
      const last = first.at(-1);
      expect([call, last]).toMatchObject([call, { type: 'failed', code: 'DISK_FULL', message: WORDS[code] }]);
      const dir = join(made.dir, name);
      expectWhole(dir);
      const { path } = writePlan(dir, made.films, { resumeFrom: 'newest' });
      const second = await runProcess(path);
      expect([call, finalHash(second)]).toEqual([call, whole]);
      expectWhole(dir);
      rmSync(dir, { recursive: true });
      ended += 1;
    }
    process.stdout.write(
      `${code}: ${ended} of ${calls.length} calls of a run failed, all told, 0 half done\n`,
    );
  },
  6 * 3_600_000,
);
