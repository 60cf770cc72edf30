/** @file Settings of a window as a file: back as they were written, and refused with the reason whatever else is in it. */
import { expect, it } from 'vitest';

import { readSettings, settingsText, type WindowSettings } from '../../shared/domain/window-settings.ts';

const SETTINGS: WindowSettings = {
  theme: 'light',
  railCollapsed: null,
  readingRailCollapsed: false,
  keys: { 'next-film': 'j', invert: 'Shift+i' },
};

const POINT = { model: 'ab'.repeat(32), task: 't1:Effusion', threshold: 0.25 };
const LIBRARY = { lockMinutes: 5, operatingPoints: [POINT] } as const;
const library = (json: string): string => `{"format":"chestlight settings 2","library":${json}}`;

it('come back as they were, also where a file says only some of them', () => {
  expect(readSettings(settingsText(SETTINGS, null))).toEqual({ settings: SETTINGS, library: null });
  expect(readSettings(settingsText({}, LIBRARY))).toEqual({ settings: {}, library: LIBRARY });
  expect(readSettings('{"format":"chestlight settings 1","theme":"dark"}')).toEqual({
    settings: { theme: 'dark' },
    library: null,
  });
});

it.each([
  ['no JSON', 'x', /not a settings file/],
  ['a list', '[]', /not a settings file/],
  ['another format', '{"format":"chestlight-annotations"}', /not a settings file/],
  ['a newer version', '{"format":"chestlight settings 3","theme":"dark"}', /version 3.*reads version 2/],
  [
    'a setting that is not known',
    '{"format":"chestlight settings 1","evil":1}',
    /“evil”, which is not known/,
  ],
  ['the name of what every object has', '{"format":"chestlight settings 1","__proto__":1}', /not known/],
  [
    'the name of a method',
    '{"format":"chestlight settings 1","toString":1}',
    /“toString”, which is not known/,
  ],
  [
    'another theme',
    '{"format":"chestlight settings 1","theme":"pink"}',
    /“theme” of the file is one of dark/,
  ],
  ['a word for yes', '{"format":"chestlight settings 1","readingRailCollapsed":"yes"}', /is true or false/],
  ['keys that are none', '{"format":"chestlight settings 1","keys":{"next":7}}', /has no key for “next”/],
  [
    'too many keys',
    JSON.stringify({
      format: 'chestlight settings 1',
      keys: Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`k${at}`, 'a'])),
    }),
    /at most 500/,
  ],
  ['a library that is none', library('7'), /“library” of the file is a list/],
  ['a library with a key', library('{"signingKey":"x"}'), /entry “signingKey”, which is not known/],
  ['other minutes', library('{"lockMinutes":3}'), /lockMinutes one of 0, 1, 2/],
  ['points that are none', library('{"operatingPoints":[7]}'), /threshold from 0 to 1 as number 1/],
  [
    'a point beyond 1',
    library(JSON.stringify({ operatingPoints: [POINT, { ...POINT, threshold: 1.1 }] })),
    /number 2/,
  ],
  [
    'a point with a reason',
    library(JSON.stringify({ operatingPoints: [{ ...POINT, reason: 'x' }] })),
    /number 1/,
  ],
  ['no end', ' '.repeat(300_000), /too large/],
])('a file with %s is refused', (_, text, words) => {
  const read = readSettings(text);
  expect('problem' in read && read.problem).toMatch(words);
  expect('problem' in read && read.problem).toMatch(/Nothing was changed\.$/);
});
