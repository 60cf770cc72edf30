/** @file The window opens where it was, never off every screen, never smaller than it can be used. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  MIN_SIZE,
  placeWindow,
  readWindowState,
  writeWindowState,
  type Rectangle,
} from '../../main/electron/window-state.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const SCREEN: Rectangle = { x: 0, y: 25, width: 1920, height: 1055 };
const LEFT: Rectangle = { x: -1600, y: 0, width: 1600, height: 900 };

describe('the window state', () => {
  it('comes back as it was kept', async () => {
    const path = join(tempFolder(), 'window', 'window.json');
    const state = { bounds: { x: 10, y: 40, width: 1200, height: 800 }, maximized: true };
    await writeWindowState(path, state);
    await writeWindowState(path, state);
    expect(await readWindowState(path)).toEqual(state);
    expect(readdirSync(join(path, '..'))).toEqual(['window.json']);
  });

  it.each(['', '{"bounds":', '{"bounds":{"x":1},"maximized":true}', '[]', '{"bounds":null}'])(
    'is the first start’s when the file holds %j',
    async (content) => {
      const path = join(tempFolder(), 'window.json');
      writeFileSync(path, content);
      expect(await readWindowState(path)).toEqual({ bounds: null, maximized: false });
    },
  );

  it('is the first start’s when there is no file', async () => {
    expect(await readWindowState(join(tempFolder(), 'no.json'))).toEqual({ bounds: null, maximized: false });
  });
});

describe('the place of the window', () => {
  const at = (bounds: Rectangle | null, screens = [SCREEN]) =>
    placeWindow({ bounds, maximized: false }, screens);

  it('is centred at the first start, and fits the screen', () => {
    expect(at(null)).toEqual({ width: 1440, height: 920 });
    expect(at(null, [{ x: 0, y: 0, width: 1280, height: 720 }])).toEqual({ width: 1280, height: 720 });
  });

  it('is where it was, also on a second screen', () => {
    const bounds = { x: -1500, y: 50, width: 1200, height: 800 };
    expect(at(bounds, [SCREEN, LEFT])).toEqual(bounds);
  });

  it('is centred on the main screen when its own is gone', () => {
    expect(at({ x: -1500, y: 50, width: 1200, height: 800 })).toEqual({ width: 1200, height: 800 });
    expect(at({ x: 100, y: -500, width: 1200, height: 800 })).toEqual({ width: 1200, height: 800 });
  });

  it('can always be dragged back and used', () => {
    const side = fc.integer({ min: -5000, max: 5000 });
    const length = fc.integer({ min: 1, max: 9000 });
    const bounds = fc.record({ x: side, y: side, width: length, height: length });
    fc.assert(
      fc.property(bounds, (before) => {
        const placed = at(before, [SCREEN, LEFT]);
        expect(placed.width).toBeGreaterThanOrEqual(MIN_SIZE.width);
        expect(placed.height).toBeGreaterThanOrEqual(MIN_SIZE.height);
        if (placed.x === undefined || placed.y === undefined) return;
        const { x, y, width } = { ...placed, x: placed.x, y: placed.y };
        const reachable = [SCREEN, LEFT].some(
          (area) =>
            Math.min(area.x + area.width, x + width) - Math.max(area.x, x) >= 100 &&
            y >= area.y - 1 &&
            y <= area.y + area.height - 40,
        );
        expect(reachable).toBe(true);
      }),
    );
  });
});
