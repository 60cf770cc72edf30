/** @file How a film is looked at: presets mean the same on an inverted film, its own windows, places that viewports share. */
import { expect, it } from 'vitest';

import { apply, filmMatrix, scaleOf } from '../../renderer/src/viewer/film-transform.ts';
import { ViewState } from '../../renderer/src/viewer/view-state.svelte.ts';
import { windowChoices } from '../../renderer/src/viewer/window-choices.ts';
import type { ViewerImage } from '../../shared/contract/library.ts';
import { WINDOW_PRESETS, windowOf } from '../../shared/domain/lut.ts';

const source = {
  invert: false,
  voiLuts: [{ kind: 'window', center: 2048, width: 4096, function: 'LINEAR', explanation: null }],
} as unknown as ViewerImage;

it('"Darker" is darker on an inverted film too', () => {
  const darker = WINDOW_PRESETS.findIndex(({ name }) => name === 'Darker');
  const centerWith = (inverted: boolean): number => {
    const view = new ViewState();
    view.inverted = inverted;
    view.usePreset(darker, source);
    return windowOf(view.voiOf(source)).center;
  };
  expect(darker).toBeGreaterThan(0);
  expect(centerWith(false)).toBeGreaterThan(2048); // a higher centre is darker, of what is not inverted
  expect(centerWith(true)).toBeLessThan(2048);
});

it('a preset stays what it says when the film is inverted after it', () => {
  const darker = WINDOW_PRESETS.findIndex(({ name }) => name === 'Darker');
  const view = new ViewState();
  view.usePreset(darker, source);
  view.invert(source);
  expect(view.inverted).toBe(true);
  expect(windowOf(view.voiOf(source)).center).toBeLessThan(2048);
  view.invert(source);
  expect(windowOf(view.voiOf(source)).center).toBeGreaterThan(2048);
  view.dragWindow(10, 0, source);
  const byHand = view.voi;
  view.invert(source);
  expect(view.voi).toBe(byHand);
});

it('every usable window of a film can be chosen, by its own words', () => {
  const several = {
    ...source,
    voiLuts: [
      { kind: 'window', center: 2048, width: 4096, function: 'LINEAR', explanation: 'NORMAL' },
      { kind: 'window', center: 0, width: 0, function: 'LINEAR' },
      { kind: 'window', center: 1000, width: 800, function: 'SIGMOID', explanation: 'HARDER' },
      { kind: 'table', first: 0, bits: 8, entries: [0, 255] },
    ],
  } as unknown as ViewerImage;
  const choices = windowChoices(several);
  expect(choices.slice(0, 4).map(({ label }) => label)).toEqual(['Film', 'Film 2: HARDER', 'Film 3', 'Lung']);
  const view = new ViewState();
  expect(view.windowChoice).toBe('0');
  view.chooseWindow(choices[1]?.value ?? '', several);
  expect(view.voiOf(several)).toBe(several.voiLuts[2]);
  expect(view.windowChoice).toBe(choices[1]?.value);
  view.chooseWindow('1', several);
  expect(view.preset).toBe('Lung');
  expect(view.windowChoice).toBe('1');
});

it.each([0, 90, 180, 270, 37])(
  'films turned by %d degrees and flipped go the same way on the screen',
  (rotation) => {
    const [one, other] = [new ViewState(), new ViewState()];
    other.rotation = rotation;
    other.flipped = true;
    one.panX = 0.2;
    one.panY = -0.1;
    one.zoom = 3;
    other.screenPlace = one.screenPlace;
    const film = { cols: 100, rows: 100, aspect: 1 };
    const viewport = { width: 500, height: 500 };
    // Where the middle of each film lies on the screen, in sizes of the film.
    const middle = (view: ViewState) => {
      const { x, y } = apply(filmMatrix(film, view, viewport), { x: 50, y: 50 });
      const scale = scaleOf(film, view, viewport);
      return [(x - 250) / scale, (y - 250) / scale];
    };
    middle(other).forEach((value, at) => expect(value).toBeCloseTo(middle(one)[at] ?? Number.NaN, 9));
    expect(other.screenPlace.x).toBeCloseTo(one.screenPlace.x, 12);
  },
);
