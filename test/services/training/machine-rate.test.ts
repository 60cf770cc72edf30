/** @file The speed of this machine, measured by real steps; a measurement that fails or is in the way leaves no trace. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { createMachineRates, knownMachineRate } from '../../../main/services/training/machine-rate.ts';

let dir: string;
let library: OpenLibrary;
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-rate-'));
  library = await openLibrary(join(dir, 'library'), { clock: Date, log, workerHost: createNodeWorkerHost() });
  vi.clearAllMocks();
});
afterEach(async () => {
  await library.close();
  rmSync(dir, { recursive: true });
});

/** The library with a measured process that does `work`, which knows `say` and, `asked` to do something, runs `answer`. */
function measuredBy(work: string): OpenLibrary {
  const entry = join(dir, 'measured.mjs');
  writeFileSync(
    entry,
    `const say = (message) => process.send(message);
     let answer = () => undefined;
     process.on('message', ({ type }) => {
       if (type === 'leave') process.exit();
       if (type === 'end') return say({ rssBytes: null, fileBytes: null });
       if (type === 'begin') return say({ parameters: 1, version: '2.20.0', threads: 2 });
       answer();
     });
     ${work}`,
  );
  return { ...library, workerHost: createNodeWorkerHost({ measure: pathToFileURL(entry) }) };
}

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
  const measured = measuredBy(`
    let count = 0;
    const times = [800, 900, 1800, 8000, 1600, 2000, 1700];
    answer = () => say({ ms: times[count++] });`);
  const rates = createMachineRates({ library: measured, log });
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
  ['says nonsense', `answer = () => say('hello');`],
  ['ends in the middle', `answer = () => process.exit(1);`],
])('a process that %s leaves the rule of thumb, and is not tried again', async (_, work) => {
  const rates = createMachineRates({ library: measuredBy(work), log });
  expect(rates.ask('tiny')).toBe(true);
  await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, 'tiny')).toBeNull();
  expect(rates.ask('tiny')).toBe(false);
});

it('ends with the app, without a word', async () => {
  const rates = createMachineRates({ library: measuredBy(''), log });
  expect(rates.ask('tiny')).toBe(true);
  rates.close();
  await vi.waitFor(() => expect(rates.ask('small')).toBe(false), { timeout: 20_000 });
  expect(log.warn).not.toHaveBeenCalled();
  expect(log.info).not.toHaveBeenCalled();
});
