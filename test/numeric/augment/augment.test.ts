/** @file Views: repeatable, mild, upright; geometry by hand. */
import { describe, expect, it } from 'vitest';

import { uniformFor } from '../../../main/numeric/augment/random-bits.ts';
import { PLAIN_VIEW, renderView, VIEW_LIMITS, viewSettings } from '../../../main/numeric/augment/views.ts';
import { uniform } from '../reference.ts';

const film = (side: number) => Uint8Array.from(uniform(3, side * side), (u) => Math.floor(256 * u));

describe('random numbers', () => {
  it('are uniform and differ between seeds, epochs, films and uses', () => {
    const values = Array.from({ length: 20_000 }, (_, i) =>
      uniformFor(7, i % 100, Math.floor(i / 100), 'rotation'),
    );
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(new Set(values).size).toBeGreaterThan(19_990);
    const lag = values.slice(1).reduce((a, v, i) => a + (v - mean) * ((values[i] ?? 0) - mean), 0);
    expect(Math.abs(lag / values.length / variance)).toBeLessThan(0.03);
    const draw = [
      uniformFor(1, 2, 3, 'scale'),
      uniformFor(2, 1, 3, 'scale'),
      uniformFor(1, 3, 2, 'scale'),
      uniformFor(1, 2, 3, 'shift-x'),
      uniformFor(1 + 2 ** 32, 2, 3, 'scale'),
    ];
    expect(new Set(draw).size).toBe(draw.length);
  });
});

describe('views', () => {
  it('stay within their limits and depend on film and view alone', () => {
    const all = Array.from({ length: 500 }, (_, i) => viewSettings(i % 10, i, 224));
    for (const view of all) {
      expect(Math.abs(view.rotation)).toBeLessThanOrEqual(VIEW_LIMITS.rotation);
      expect(Math.abs(view.scale - 1)).toBeLessThanOrEqual(VIEW_LIMITS.scale);
      expect(Math.abs(view.shiftX)).toBeLessThanOrEqual(0.05 * 224);
      expect(Math.abs(view.brightness)).toBeLessThanOrEqual(VIEW_LIMITS.brightness);
    }
    expect(viewSettings(3, 5, 224)).toEqual(viewSettings(3, 5, 224));
    expect(viewSettings(3, 5, 224)).not.toEqual(viewSettings(4, 5, 224));
  });
  it('the plain view is the film', () => {
    expect(renderView(film(8), 8, PLAIN_VIEW)).toEqual(film(8));
  });
  it('a shift of whole pixels moves right and down and fills with black', () => {
    const source = film(4);
    const moved = renderView(source, 4, { ...PLAIN_VIEW, shiftX: 1, shiftY: 2 });
    for (let y = 0; y < 4; y += 1) {
      for (let x = 0; x < 4; x += 1) {
        const expected = x >= 1 && y >= 2 ? (source[(y - 2) * 4 + x - 1] ?? 0) : 0;
        expect(moved[y * 4 + x]).toBe(expected);
      }
    }
  });
  it('a quarter turn counter-clockwise takes the right edge to the top', () => {
    const source = film(5);
    const turned = renderView(source, 5, { ...PLAIN_VIEW, rotation: 90 });
    for (let i = 0; i < 5; i += 1) expect(turned[i]).toBe(source[i * 5 + 4]);
  });
  it('enlarging keeps the centre', () => {
    const source = new Uint8Array(81);
    source[40] = 200;
    const large = renderView(source, 9, { ...PLAIN_VIEW, scale: 2 });
    expect(large[40]).toBe(200);
    expect(large[41]).toBe(100);
    expect(large[42]).toBe(0);
  });
  it('brightness and contrast act about mid-grey and stay in 0…255', () => {
    const source = Uint8Array.of(0, 100, 128, 255);
    const change = (view: Partial<typeof PLAIN_VIEW>) => [
      ...renderView(source, 2, { ...PLAIN_VIEW, ...view }),
    ];
    expect(change({ brightness: 10 })).toEqual([10, 110, 138, 255]);
    expect(change({ contrast: 1.1 })).toEqual([0, 97, 128, 255]);
  });
  it('refuses a film of another size', () => {
    expect(() => renderView(film(4), 5, PLAIN_VIEW)).toThrow(RangeError);
  });
});
