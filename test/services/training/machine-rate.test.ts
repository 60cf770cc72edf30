/** @file The speed of this machine, measured by real steps; a measurement that fails or is in the way leaves no trace. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { machineName, type EngineFacts } from '../../../main/services/training/machine.ts';
import { createMachineRates, knownMachineRate } from '../../../main/services/training/machine-rate.ts';

let dir: string;
let library: OpenLibrary;
const engine: EngineFacts = {
  device: 'cpu',
  deviceName: 'CPU · 2 threads',
  threads: 2,
  tensorflow: '2.20.0',
};
const machine = machineName(engine);
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
     let precision;
     let ran = (asked) => asked;
     process.on('message', ({ type, settings }) => {
       if (type === 'leave') process.exit();
       if (type === 'end') return say({ rssBytes: null, steps: { precision: ran(precision), engine: 'graph' } });
       if (type === 'begin') {
         precision = settings.precision;
         return say({ parameters: 1, version: '2.20.0', threads: 2 });
       }
       answer();
     });
     ${work}`,
  );
  return { ...library, workerHost: createNodeWorkerHost({ measure: pathToFileURL(entry) }) };
}

it('measures real steps of both precisions once, and is known afterwards', { timeout: 240_000 }, async () => {
  const rates = createMachineRates({ library, log });
  expect(knownMachineRate(library, machine, 'tiny')).toBeNull();
  expect(rates.ask('tiny', engine)).toBe(true);
  expect(rates.ask('tiny', engine)).toBe(true); // still at it
  expect(rates.ask('small', engine)).toBe(false); // one at a time
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 230_000, interval: 200 });
  const rate = knownMachineRate(library, machine, 'tiny');
  expect(rate?.secondsPerFilm).toBeGreaterThan(0.0005);
  expect(rate?.mixed).toMatchObject({ precision: 'mixed' }); // float16 is for graphics cards
  expect(rate?.mixed?.secondsPerFilm).toBeGreaterThan(0.0005);
  expect(rate?.startSeconds).toBeGreaterThan(8 * (rate?.secondsPerFilm ?? Number.NaN)); // loading and compiling are in it
  expect(rates.ask('tiny', engine)).toBe(false);
});

it('takes the fastest of the steps that count', async () => {
  const measured = measuredBy(`
    let count = 0;
    const times = [800, 900, 1800, 8000, 1600, 2000, 1700];
    answer = () => say({ ms: times[count++] });`);
  const rates = createMachineRates({ library: measured, log, free: () => 8e9 });
  expect(rates.ask('base', engine)).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, machine, 'base')).toMatchObject({
    secondsPerFilm: 0.2,
    mixed: { precision: 'mixed', secondsPerFilm: 0.2 },
  });
});

it.each([
  ['another device', { deviceName: 'A card' }],
  ['more threads', { threads: 8 }],
  ['another TensorFlow', { tensorflow: '2.21.0' }],
])('what was measured with %s is not taken for this machine', async (_, differs) => {
  const measured = measuredBy(`answer = () => say({ ms: 800 });`);
  const rates = createMachineRates({ library: measured, log });
  expect(rates.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  const other = { ...engine, ...differs };
  expect(knownMachineRate(library, machine, 'tiny')).toMatchObject({ secondsPerFilm: 0.1 });
  expect(knownMachineRate(library, machineName(other), 'tiny')).toBeNull();
  expect(createMachineRates({ library: measured, log }).ask('tiny', engine)).toBe(false);
  const there = createMachineRates({ library: measured, log });
  expect(there.ask('tiny', other)).toBe(true);
  there.close();
});

it('keeps what single precision takes when mixed precision cannot be measured, and does not try that again', async () => {
  const measured = measuredBy(`
    answer = () => precision === 'single' ? say({ ms: 800 }) : process.exit(1);`);
  const rates = createMachineRates({ library: measured, log });
  expect(rates.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, machine, 'tiny')).toMatchObject({ secondsPerFilm: 0.1, mixed: null });
  expect(createMachineRates({ library: measured, log }).ask('tiny', engine)).toBe(false);
});

it('keeps no mixed rate of steps that went on in single precision', async () => {
  const measured = measuredBy(`
    ran = () => 'single';
    answer = () => say({ ms: precision === 'single' ? 800 : 400 });`);
  const rates = createMachineRates({ library: measured, log });
  expect(rates.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, machine, 'tiny')).toMatchObject({ secondsPerFilm: 0.1, mixed: null });
});

it('a run that begins ends the measurement, which is made later from where it was', async () => {
  const measured = measuredBy(`
    answer = () => precision === 'single' && say({ ms: 800 });`);
  const rates = createMachineRates({ library: measured, log });
  expect(rates.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(knownMachineRate(library, machine, 'tiny')).not.toBeNull(), {
    timeout: 20_000,
  });
  rates.stop(); // in the middle of mixed precision
  const done = measuredBy(`answer = () => precision === 'single' ? process.exit(1) : say({ ms: 400 });`);
  const later = createMachineRates({ library: done, log });
  expect(later.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, machine, 'tiny')).toMatchObject({
    secondsPerFilm: 0.1,
    mixed: { precision: 'mixed', secondsPerFilm: 0.05 },
  });
  expect(log.warn).not.toHaveBeenCalled();
});

it('is not measured while there is too little memory for it, and is as soon as there is', () => {
  let free = 2.5e9;
  const rates = createMachineRates({ library: measuredBy(''), log, free: () => free });
  expect(rates.ask('base', engine)).toBe(false);
  expect(rates.ask('tiny', engine)).toBe(true);
  rates.stop();
  free = 8e9;
  expect(rates.ask('base', engine)).toBe(true);
  rates.close();
});

it.each([
  ['ends at once', 'process.exit(3);'],
  ['says nonsense', `answer = () => say('hello');`],
  ['ends in the middle', `answer = () => process.exit(1);`],
])('a process that %s leaves the rule of thumb, and is not tried again', async (_, work) => {
  const rates = createMachineRates({ library: measuredBy(work), log });
  expect(rates.ask('tiny', engine)).toBe(true);
  await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), { timeout: 20_000 });
  expect(knownMachineRate(library, machine, 'tiny')).toBeNull();
  expect(rates.ask('tiny', engine)).toBe(false);
});

it('ends with the app, without a word', async () => {
  const rates = createMachineRates({ library: measuredBy(''), log });
  expect(rates.ask('tiny', engine)).toBe(true);
  rates.close();
  await vi.waitFor(() => expect(rates.ask('small', engine)).toBe(false), { timeout: 20_000 });
  expect(log.warn).not.toHaveBeenCalled();
  expect(log.info).not.toHaveBeenCalled();
});
