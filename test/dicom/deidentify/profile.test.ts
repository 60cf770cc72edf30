/** @file The table of PS3.15 as it is read, and the values that stand in for others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_OPTIONS } from '../../../main/dicom/deidentify/options.ts';
import { profileAction, PROFILE_ROWS } from '../../../main/dicom/deidentify/profile.ts';
import { createPseudonyms } from '../../../main/dicom/deidentify/pseudonyms.ts';
import { cappedAge, isTime, shiftDate } from '../../../main/dicom/deidentify/values.ts';

const dates = { ...DEFAULT_OPTIONS, shiftDates: true };
const device = { ...DEFAULT_OPTIONS, keepDevice: true };
const patient = { ...DEFAULT_OPTIONS, keepPatientCharacteristics: true };

describe('table E.1-1', () => {
  it('has every row of edition 2026d', () => expect(PROFILE_ROWS).toBe(657));

  // Read off the published table.
  it.each([
    [0x00100010, 'Z'],
    [0x00100030, 'Z'],
    [0x00080018, 'U'],
    [0x00104000, 'X'],
    [0x00080080, 'Z'], // X/Z/D
    [0x00081070, 'Z'], // X/Z/D
    [0x00080021, 'X'], // X/D
    [0x00081140, 'U*'], // X/Z/U*
    [0x00120010, 'D'],
    [0x50100005, 'X'],
    [0x60023000, 'X'],
    [0x60024000, 'X'],
  ])('%s has %s in the basic profile', (tag, action) => {
    expect(profileAction(tag, DEFAULT_OPTIONS)).toBe(action);
  });

  it('changes with options where the table says so', () => {
    expect(profileAction(0x00080020, dates)).toBe('shift');
    expect(profileAction(0x00100030, dates)).toBe('Z'); // the birth date has no such option
    expect(profileAction(0x00181000, device)).toBe('K');
    expect(profileAction(0x0018700c, device)).toBe('X'); // a date about the machine is a date first
    expect(profileAction(0x0018700c, { ...device, shiftDates: true })).toBe('shift');
    expect(profileAction(0x00101010, patient)).toBe('K');
    expect(profileAction(0x00102110, patient)).toBe('X'); // "clean" of free text is not offered
    expect(profileAction(0x00280010, DEFAULT_OPTIONS)).toBeNull();
  });
});

describe('values', () => {
  it('moves dates over month and leap year, and refuses what is none', () => {
    expect(shiftDate('20240301', -1)).toBe('20240229');
    expect(shiftDate('20230101', -1)).toBe('20221231');
    expect(shiftDate('2024.03.01', -1)).toBe('20240229');
    expect(shiftDate('20240301093015.123+0100', -1)).toBe('20240229093015.123');
    for (const text of ['', '20240230', '2024', 'CANARY01', '20240301x', '10000101'])
      expect(shiftDate(text, -400)).toBeNull();
  });

  it('keeps the distance of any two dates', () => {
    const day = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const written = (date: Date) => date.toISOString().slice(0, 10).replaceAll('-', '');
    const read = (text: string | null) =>
      Date.parse(`${text?.slice(0, 4)}-${text?.slice(4, 6)}-${text?.slice(6)}`);
    fc.assert(
      fc.property(day, day, fc.integer({ min: -3650, max: -1 }), (a, b, days) => {
        const distance = read(written(a)) - read(written(b));
        expect(read(shiftDate(written(a), days)) - read(shiftDate(written(b), days))).toBe(distance);
      }),
    );
  });

  it('knows times and ages', () => {
    expect(['09', '0931', '093115.5', '235960'].every(isTime)).toBe(true);
    expect(['24', '9', '0961', 'NAME'].some(isTime)).toBe(false);
    expect(['091Y', '090Y', '059Y', '100D', '12Y'].map(cappedAge)).toEqual([
      '090Y',
      '090Y',
      '059Y',
      '100D',
      null,
    ]);
  });

  it('never moves dates by nothing, and always by the same for a patient', () => {
    const pseudonyms = createPseudonyms(new Uint8Array(32));
    fc.assert(
      fc.property(fc.string(), (id) => {
        const days = pseudonyms.shiftDays(id);
        expect(pseudonyms.shiftDays(id)).toBe(days);
        expect(days).toBeLessThan(0);
        expect(days).toBeGreaterThanOrEqual(-3650);
      }),
    );
  });
});
