/** @file Colour maps: values of matplotlib 3.11, lightness rising all the way, interpolation and clipping. */
import { describe, expect, it } from 'vitest';

import { COLOUR_MAPS, colourAt, colourTable, overlayAlpha } from '../../shared/domain/colour-map.ts';

/** Entries 0, 51, 128, 204, 255 as `matplotlib.colormaps[name](index)` gives them, × 255, rounded. */
const MATPLOTLIB = {
  viridis: [
    [68, 1, 84],
    [65, 68, 135],
    [33, 145, 140],
    [122, 209, 81],
    [253, 231, 37],
  ],
  inferno: [
    [0, 0, 4],
    [66, 10, 104],
    [188, 55, 84],
    [252, 165, 10],
    [252, 255, 164],
  ],
  cividis: [
    [0, 34, 78],
    [53, 69, 108],
    [125, 124, 120],
    [200, 184, 102],
    [254, 232, 56],
  ],
} as const;

/** CIE 1931 relative luminance of sRGB. */
function luminance([red, green, blue]: readonly number[]): number {
  const linear = (channel = 0): number => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

describe.each(COLOUR_MAPS)('%s', (name) => {
  const entry = (index: number): number[] => [...colourTable(name).subarray(index * 3, index * 3 + 3)];

  it('is the table of matplotlib', () => {
    expect(colourTable(name).length).toBe(768);
    expect([0, 51, 128, 204, 255].map(entry)).toEqual(MATPLOTLIB[name]);
  });

  it('rises in lightness from end to end', () => {
    const lightness = Array.from({ length: 256 }, (_, index) => luminance(entry(index)));
    const falls = lightness.filter((value, index) => index > 0 && value < (lightness[index - 1] ?? 0) - 2e-3);
    expect(falls).toEqual([]);
    expect((lightness[255] ?? 0) - (lightness[0] ?? 1)).toBeGreaterThan(0.6);
  });

  it('gives table entries at their values, the middle between them, and clips', () => {
    for (const index of [0, 1, 100, 254, 255]) expect(colourAt(name, index / 255)).toEqual(entry(index));
    const middle = colourAt(name, 100.5 / 255);
    middle.forEach((channel, at) => {
      expect(Math.abs(channel - ((entry(100)[at] ?? 0) + (entry(101)[at] ?? 0)) / 2)).toBeLessThanOrEqual(
        0.5,
      );
    });
    expect(colourAt(name, -3)).toEqual(entry(0));
    expect(colourAt(name, 7)).toEqual(entry(255));
    expect(colourAt(name, Number.NaN)).toEqual(entry(0));
  });
});

it('an overlay hides nothing where the map says nothing and is at its opacity at the peak', () => {
  expect(overlayAlpha(0, 0.6)).toBe(0);
  expect(overlayAlpha(1, 0.6)).toBe(0.6);
  expect(overlayAlpha(2, 0.6)).toBe(0.6);
  expect(overlayAlpha(0.4, 0.6)).toBeGreaterThan(overlayAlpha(0.3, 0.6));
});
