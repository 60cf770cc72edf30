/** @file The speed of this machine, measured by real steps; a measurement that fails or is in the way leaves no trace. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { createMachineRates, knownMachineRate } from '../../../main/services/training/machine-rate.ts';

let dir: string;
let library: OpenLibrary;
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-rate-'));
  library = await openLibrary(join(dir, 'library'), { clock: Date, log, readOnly: false });
  vi.clearAllMocks();
});
afterEach(async () => {
  await library.close();
  rmSync(dir, { recursive: true });
});

/** A measured process that says `lines`. */
function program(lines: string): string {
  const entry = join(dir, 'measured.mjs');
  writeFileSync(entry, lines);
  return entry;
}

const READY = `console.log(JSON.stringify({ parameters: 1, version: '2.20.0', threads: 2 }));`;

it('measures real steps of both precisions once, and is known afterwards', { timeout: 240_000 }, async () => {
  const rates = createMachineRates({ library, log });
  expect(knownMachineRate(library, 'tiny')).toBeNull();
  expect(rates.ask('tiny')).toBe(true);
  expect(rates.ask('tiny')).toBe(true); // still at it
  expect(rates.ask('small')).toBe(false); // one at a time
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 230_000, interval: 200 });
  const rate = knownMachineRate(library, 'tiny');
  expect(rate?.secondsPerFilm).toBeGreaterThan(0.0005);
  expect(rate?.mixed).toMatchObject({ precision: 'mixed' }); // float16 is for graphics cards
  expect(rate?.mixed.secondsPerFilm).toBeGreaterThan(0.0005);
  expect(rate?.startSeconds).toBeGreaterThan(8 * (rate?.secondsPerFilm ?? Number.NaN)); // loading and compiling are in it
  expect(rates.ask('tiny')).toBe(false);
});

it('takes the fastest of the steps that count', async () => {
  const entry = program(`${READY}
    let count = 0;
    const times = [800, 900, 1800, 8000, 1600, 2000, 1700];
    for await (const _ of process.stdin) console.log(JSON.stringify({ ms: times[count++] }));`);
  const rates = createMachineRates({ library, log, entry });
  expect(rates.ask('base')).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, 'base')).toMatchObject({
    secondsPerFilm: 0.2,
    version: '2.20.0',
    threads: 2,
  });
});

it.each([
  ['ends at once', 'process.exit(3);'],
  ['says nonsense', `console.log('hello');`],
  ['ends in the middle', `${READY} process.stdin.once('data', () => process.exit(1));`],
])('a process that %s leaves the rule of thumb, and is not tried again', async (_, lines) => {
  const rates = createMachineRates({ library, log, entry: program(lines) });
  expect(rates.ask('tiny')).toBe(true);
  await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, 'tiny')).toBeNull();
  expect(rates.ask('tiny')).toBe(false);
});

it('ends with the app, without a word', async () => {
  const rates = createMachineRates({ library, log, entry: program('setInterval(() => {}, 1000);') });
  expect(rates.ask('tiny')).toBe(true);
  rates.close();
  await vi.waitFor(() => expect(rates.ask('small')).toBe(false), { timeout: 20_000 });
  expect(log.warn).not.toHaveBeenCalled();
  expect(log.info).not.toHaveBeenCalled();
});
