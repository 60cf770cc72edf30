/** @file Grey-scale formulas against pydicom's golden values, and the rules of our own default window and presets. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  applyDisplayLut,
  applyModality,
  applyVoi,
  buildDisplayLut,
  defaultWindow,
  displayGrey,
  IDENTITY_MODALITY,
  isUsableVoi,
  presetWindow,
  storedRange,
  WINDOW_PRESETS,
  windowOf,
  type VoiFunction,
  type VoiWindow,
} from '../../shared/domain/lut.ts';

interface Table {
  readonly first: number;
  readonly bits: number;
  readonly entries: number[];
  readonly stored: number[];
  readonly values: number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/dicom/windows.json', import.meta.url), 'utf8'),
) as {
  readonly stored: number[];
  readonly windows: { function: VoiFunction; center: number; width: number; values: number[] }[];
  readonly voiTable: Table;
  readonly modalityTable: Table;
};

const window = (center: number, width: number, fn: VoiFunction = 'LINEAR'): VoiWindow => ({
  kind: 'window',
  center,
  width,
  function: fn,
});

describe('window functions', () => {
  it.each(golden.windows)('$function c=$center w=$width equals pydicom', (row) => {
    const lut = window(row.center, row.width, row.function);
    golden.stored.forEach((stored, index) => {
      expect(applyVoi(lut, stored)).toBeCloseTo(row.values[index] ?? NaN, 9);
    });
  });

  it('the example of PS3.3 C.11.2.1.2.1: c=2048 w=4096 and c=0 w=1', () => {
    expect(applyVoi(window(2048, 4096), 0)).toBe(0);
    expect(applyVoi(window(2048, 4096), 4095)).toBe(1);
    expect([-1, 0].map((value) => applyVoi(window(0, 1), value))).toEqual([0, 1]);
  });

  it('knows which windows have no meaning', () => {
    expect(isUsableVoi(window(10, 0))).toBe(false);
    expect(isUsableVoi(window(10, 0.5))).toBe(false);
    expect(isUsableVoi(window(10, 0.5, 'SIGMOID'))).toBe(true);
    expect(isUsableVoi(window(NaN, 5))).toBe(false);
    expect(isUsableVoi({ kind: 'table', first: 0, bits: 8, entries: [] })).toBe(false);
  });
});

describe('tables', () => {
  it('VOI table equals pydicom, ends held', () => {
    const { first, bits, entries, stored, values } = golden.voiTable;
    expect(stored.map((value) => applyVoi({ kind: 'table', first, bits, entries }, value) * 1023)).toEqual(
      values,
    );
  });

  it('modality table equals pydicom, ends held', () => {
    const { first, bits, entries, stored, values } = golden.modalityTable;
    expect(stored.map((value) => applyModality({ kind: 'table', first, bits, entries }, value))).toEqual(
      values,
    );
  });

  it('the display table equals the chain value by value and inverts after the VOI LUT', () => {
    const chain = {
      modality: { kind: 'rescale', slope: 0.5, intercept: -100 } as const,
      voi: window(40, 400, 'SIGMOID'),
    };
    const plain = buildDisplayLut({ ...chain, invert: false }, -2048, 2047);
    const inverted = buildDisplayLut({ ...chain, invert: true }, -2048, 2047);
    for (const stored of [-2048, -1, 0, 280, 281, 2047]) {
      expect(plain.grey[stored + 2048]).toBe(displayGrey({ ...chain, invert: false }, stored));
      expect(inverted.grey[stored + 2048]).toBe(displayGrey({ ...chain, invert: true }, stored));
    }
    expect([...applyDisplayLut(plain, [-9999, 9999])]).toEqual([plain.grey[0], plain.grey[4095]]);
  });

  it('a MONOCHROME1 film of mirrored values under a mirrored window looks the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4095 }),
        fc.integer({ min: 300, max: 3800 }),
        (stored, center) => {
          const two = {
            modality: IDENTITY_MODALITY,
            voi: window(center, 2000, 'LINEAR_EXACT'),
            invert: false,
          };
          const one = { ...two, voi: window(4095 - center, 2000, 'LINEAR_EXACT'), invert: true };
          expect(Math.abs(displayGrey(two, stored) - displayGrey(one, 4095 - stored))).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  it('refuses a range above 16 bits', () => {
    const chain = { modality: IDENTITY_MODALITY, voi: window(1, 2), invert: false };
    expect(() => buildDisplayLut(chain, 0, 65_536)).toThrow(RangeError);
    expect(() => buildDisplayLut(chain, 5, 4)).toThrow(RangeError);
  });
});

describe('the window of a film that names none', () => {
  const twelveBits = { modality: IDENTITY_MODALITY, bitsStored: 12, signed: false };

  it('is the full range up to 8 bits', () => {
    expect(defaultWindow([3, 4], { ...twelveBits, bitsStored: 8 })).toMatchObject({
      center: 127.5,
      width: 255,
    });
  });

  it('leaves out a few hot pixels', () => {
    const film = Array.from({ length: 10_000 }, (_, index) => (index < 40 ? 4095 : 100 + (index % 300)));
    expect(defaultWindow(film, twelveBits)).toMatchObject({ center: (101 + 399) / 2, width: 298 });
  });

  it('does not count padding, unless everything is padding', () => {
    const film = Array.from({ length: 1000 }, (_, index) => (index < 500 ? 4000 : index));
    const found = defaultWindow(film, { ...twelveBits, padding: { low: 4000, high: 4000 } });
    expect(found.center + found.width / 2).toBeLessThan(1000);
    const only = defaultWindow([4000, 4000], { ...twelveBits, padding: { low: 4000, high: 4000 } });
    expect(only).toMatchObject({ center: 4000, width: 1 });
  });

  it('shows a film of one value as middle grey', () => {
    const voi = defaultWindow([777, 777], twelveBits);
    expect(displayGrey({ modality: IDENTITY_MODALITY, voi, invert: false }, 777)).toBe(128);
  });

  it('keeps a rare value that is the only other one', () => {
    const film = new Uint16Array(1000);
    film[5] = 9;
    expect(defaultWindow(film, twelveBits)).toMatchObject({ center: 4.5, width: 9 });
  });

  it('is in modality units, also for a falling slope', () => {
    const film = Array.from({ length: 1000 }, (_, index) => index);
    const found = defaultWindow(film, {
      ...twelveBits,
      modality: { kind: 'rescale', slope: -2, intercept: 10 },
    });
    expect(found.center).toBeCloseTo(10 - 2 * 499.5, 6);
    expect(found.width).toBeCloseTo(2 * 989, 6);
  });

  it('reads values beyond 16 bits', () => {
    const film = Uint32Array.from({ length: 1000 }, (_, index) => 795_000 + index * 459);
    const found = defaultWindow(film, { ...twelveBits, bitsStored: 32 });
    expect(found.center).toBeGreaterThan(795_000);
    expect(found.width).toBeLessThan(459_000);
  });
});

describe('presets', () => {
  it('start from the film, keep its function and move towards brighter on both polarities', () => {
    const own = window(2000, 3000, 'SIGMOID');
    expect(presetWindow(own, { name: 'Film', width: 1, shift: 0 }, false)).toMatchObject({
      center: 2000,
      width: 3000,
    });
    const lift = { name: 'x', width: 0.5, shift: 0.2 };
    expect(presetWindow(own, lift, false)).toMatchObject({ center: 2600, width: 1500, function: 'SIGMOID' });
    expect(presetWindow(own, lift, true)).toMatchObject({ center: 1400 });
  });

  it('are usable from any window or table', () => {
    for (const own of [window(0, 1), windowOf({ kind: 'table', first: 7, bits: 8, entries: [1] })]) {
      for (const preset of WINDOW_PRESETS) expect(isUsableVoi(presetWindow(own, preset, true))).toBe(true);
    }
  });

  it('a table spans its own values', () => {
    expect(windowOf({ kind: 'table', first: -10, bits: 8, entries: [0, 1, 2] })).toMatchObject({
      center: -9,
      width: 2,
    });
  });
});

it('stored ranges', () => {
  expect(storedRange(12, true)).toEqual({ min: -2048, max: 2047 });
  expect(storedRange(16, false)).toEqual({ min: 0, max: 65535 });
});
