/** @file How a film is looked at: presets mean the same on an inverted film. */
import { expect, it } from 'vitest';

import { ViewState } from '../../renderer/src/viewer/view-state.svelte.ts';
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
