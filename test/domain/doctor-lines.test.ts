/** @file What is read out on the phone: numbered, short, and a mark at what is not right. */
import { expect, it } from 'vitest';

import { agoWords, doctorLines, doctorText, type ReadOutFacts } from '../../shared/domain/doctor-lines.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = 1_700_000_000_000;

const well: ReadOutFacts = {
  version: '0.1.0',
  at: NOW,
  platform: 'linux-x64',
  node: 'v24.0.0',
  driver: null,
  engine: { tensorflow: '2.19.0', trainable: true, deviceName: 'CPU · 8 threads' },
  selfTest: { ok: true, stepMs: 12.4 },
  memory: { totalBytes: 16e9, freeBytes: 8e9 },
  disk: { freeBytes: 50e9 },
  library: {
    layout: 9,
    readOnly: false,
    encrypted: false,
    films: 15_000,
    runs: 3,
    lastCheck: { at: NOW - 2 * DAY, problems: 0, files: 45_000 },
    copies: 3,
    lastCopyAt: NOW - 1000,
    trouble: [],
  },
};
const library = well.library;
if (library === null) throw new Error('the example has a library');

const bad = (facts: ReadOutFacts): string[] =>
  doctorLines(facts).flatMap(({ label, ok }) => (ok === false ? [label] : []));

it('a computer that is well has nothing to mark', () => {
  expect(bad(well)).toEqual([]);
  expect(doctorText(well).split('\n').slice(0, 5)).toEqual([
    '1. Chestlight: 0.1.0 on linux-x64',
    '2. Engine: TensorFlow 2.19.0',
    '3. Device: CPU · 8 threads',
    '4. Driver: no graphics driver',
    '5. Self-test: passed, one step 12 ms',
  ]);
});

it.each([
  ['no engine', { engine: { backend: 'wasm', trainable: false } }, ['Engine']],
  ['a failed self-test', { selfTest: { ok: false, stepMs: null } }, ['Self-test']],
  ['a full disk', { disk: { freeBytes: 1e9 } }, ['Disk']],
  ['little memory', { memory: { totalBytes: 4e9, freeBytes: 5e8 } }, ['Memory']],
  ['a library open elsewhere', { library: { ...library, readOnly: true } }, ['Library']],
  ['never checked', { library: { ...library, lastCheck: null } }, ['Last check']],
  [
    'problems found',
    { library: { ...library, lastCheck: { at: NOW, problems: 2, files: 9 } } },
    ['Last check'],
  ],
  ['no copy', { library: { ...library, lastCopyAt: null, copies: 0 } }, ['Last copy']],
  ['an old copy', { library: { ...library, lastCopyAt: NOW - 31 * DAY } }, ['Last copy']],
  ['a restored database', { library: { ...library, trouble: ['A copy is in use.'] } }, ['Trouble']],
  ['no library', { library: null }, []],
])('%s is marked', (_what, change, expected) => {
  expect(bad({ ...well, ...change })).toEqual(expected);
});

it('says how long ago in whole days, and nothing of a clock that was set back', () => {
  expect([0, 1, 12].map((days) => agoWords(NOW - days * DAY, NOW))).toEqual([
    'within the last day',
    '1 day ago',
    '12 days ago',
  ]);
  expect(agoWords(NOW + DAY, NOW)).toBe('within the last day');
});
