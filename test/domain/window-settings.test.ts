/** @file Settings of a window as a file: back as they were written, and refused with the reason whatever else is in it. */
import { expect, it } from 'vitest';

import { readSettings, settingsText, type WindowSettings } from '../../shared/domain/window-settings.ts';

const SETTINGS: WindowSettings = {
  theme: 'light',
  railCollapsed: null,
  readingRailCollapsed: false,
  keys: { 'next-film': 'j', invert: 'Shift+i' },
};

it('come back as they were, also where a file says only some of them', () => {
  expect(readSettings(settingsText(SETTINGS))).toEqual({ settings: SETTINGS });
  expect(readSettings('{"format":"chestlight settings 1","theme":"dark"}')).toEqual({
    settings: { theme: 'dark' },
  });
});

it.each([
  ['no JSON', 'x', /not a settings file/],
  ['a list', '[]', /not a settings file/],
  ['another format', '{"format":"chestlight-annotations"}', /not a settings file/],
  ['a newer version', '{"format":"chestlight settings 2","theme":"dark"}', /version 2.*reads version 1/],
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
  ['no end', ' '.repeat(300_000), /too large/],
])('a file with %s is refused', (_, text, words) => {
  const read = readSettings(text);
  expect('problem' in read && read.problem).toMatch(words);
  expect('problem' in read && read.problem).toMatch(/Nothing was changed\.$/);
});
