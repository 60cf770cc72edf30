/** @file The reading room with large films and several side by side. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { endDensity, looksRight, setDensity } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const GRAPHICS = fileURLToPath(new URL('../fixtures/dicom/overlay/two-planes.dcm', import.meta.url));
const IMPORT_MS = 90_000;

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow({ alone: true });
});
afterAll(() => window.close());
inOrder();

/** Greys in the middle of the first viewport and left of it. */
const greys = (): Promise<readonly number[]> =>
  window.page.evaluate(`(() => {
    const canvas = document.querySelector('[data-film] canvas');
    const { width, height } = canvas;
    const context = canvas.getContext('2d');
    return [0, 40, 80].map((left) => context.getImageData((width >> 1) - left, height >> 1, 1, 1).data[0]);
  })()`);

it('a large film is there at once and then, unmoved, with every pixel', async () => {
  const { page, folder } = window;
  const films = join(folder, 'films');
  mkdirSync(films);
  const pixel = (row: number, col: number): number => Math.round(row * 0.6 + col * 0.9);
  const large = { rows: 2500, cols: 2000, pixel, patientId: 'A', studyDate: '20240305', view: 'PA' };
  writeFileSync(join(films, 'a-large.dcm'), tinyDicom(large));
  writeFileSync(join(films, 'b-small.dcm'), tinyDicom({ pixel: pattern(2), patientId: 'B' }));
  copyFileSync(GRAPHICS, join(films, 'c-graphics.dcm'));
  for (const [seed, studyDate] of [
    [21, '20190930'],
    [22, '20210305'],
    [23, '20240305'],
  ] as const) {
    const film = { rows: 120, cols: 100, pixel: pattern(seed), patientId: 'D', view: 'PA' };
    const frames = studyDate === '20210305' ? [pattern(22), pattern(32), pattern(42)] : undefined;
    writeFileSync(
      join(films, `d-${studyDate}.dcm`),
      tinyDicom({ ...film, studyDate, ...(frames !== undefined && { frames }) }),
    );
  }
  await page.getByRole('button', { name: 'Add films' }).first().click();
  await page.getByRole('textbox', { name: 'Or a folder or file of this computer' }).fill(films);
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('heading', { name: 'Import done' }).waitFor({ timeout: IMPORT_MS });
  // The pixels wait until the preview was looked at.
  let letGo = (): void => undefined;
  const looked = new Promise<void>((resolve) => (letGo = resolve));
  await page.route('**/frame/0', async (route) => {
    await looked;
    await route.continue();
  });
  await goTo(page, 'Reading room');
  await page.locator('[data-pixels="preview"]').waitFor();
  const early = await greys();
  expect(Math.max(...early) - Math.min(...early)).toBeGreaterThan(10);
  letGo();
  await page.locator('[data-pixels="whole"]').waitFor();
  const late = await greys();
  late.forEach((grey, at) => expect(Math.abs(grey - (early[at] ?? 0))).toBeLessThanOrEqual(3));
  await page.unroute('**/frame/0');
  expect(await seriousViolations(page)).toEqual([]);
});

it('is painted in part when it is enlarged, and every part is where it belongs', async () => {
  const { page } = window;
  const box = await page.locator('[data-film]').first().boundingBox();
  if (box === null) throw new Error('the film has no place');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const before = await greys();
  await page.mouse.move(x, y);
  for (let notch = 0; notch < 16; notch++) await page.mouse.wheel(0, -100);
  // The point under the pointer stays where it is.
  await expect
    .poll(async () => Math.abs(((await greys())[0] ?? 0) - (before[0] ?? 0)), PATIENCE)
    .toBeLessThan(3);
  const wide = await greys();
  expect(Math.abs((wide[2] ?? 0) - (wide[0] ?? 0))).toBeLessThan(
    Math.abs((before[2] ?? 0) - (before[0] ?? 0)),
  );
  await page.keyboard.press('Space');
  await expect.poll(greys, PATIENCE).toEqual(before);
  expect(window.problems).toEqual([]);
});

/** Greys left of, right of, above and below the middle of the first viewport. */
const around = (): Promise<readonly number[]> =>
  window.page.evaluate(`(() => {
    const canvas = document.querySelector('[data-film] canvas');
    const context = canvas.getContext('2d');
    const [x, y] = [canvas.width >> 1, canvas.height >> 1];
    return [[-100, 0], [100, 0], [0, -100], [0, 100]].map(([dx, dy]) => context.getImageData(x + dx, y + dy, 1, 1).data[0]);
  })()`);

it('is mirrored, turned and inverted by keys, as the picture shows', async () => {
  const { page } = window;
  await page.evaluate('document.activeElement.blur()');
  const before = await around();
  const [left = 0, right = 0, up = 0, down = 0] = before;
  // brighter to the right and downwards, by different steps: no two ways of lying look alike
  expect(right - left).toBeGreaterThan(down - up + 10);
  expect(down - up).toBeGreaterThan(20);
  const negative = before.map((grey) => 255 - grey);
  // turned it fits the viewport at another size: so many more film pixels a pixel of the screen
  const box = await page.locator('[data-film]').first().boundingBox();
  if (box === null) throw new Error('the film has no place');
  const upright = Math.min(box.width / 2000, box.height / 2500);
  const wider = upright / Math.min(box.width / 2500, box.height / 2000);
  const middle = (left + right + up + down) / 4;
  const turned = (greys: readonly number[]): number[] =>
    greys.map((grey) => middle + (grey - middle) * wider);
  for (const [key, seen] of [
    ['h', [right, left, up, down]],
    ['Shift+h', [left, right, down, up]],
    ['r', turned([down, up, left, right])],
    ['Shift+r', turned([up, down, right, left])],
    ['i', negative],
  ] as const) {
    await page.keyboard.press(key);
    const furthest = async (): Promise<number> =>
      Math.max(...(await around()).map((grey, at) => Math.abs(grey - (seen[at] ?? 0))));
    await expect.poll(furthest, { ...PATIENCE, message: key }).toBeLessThanOrEqual(2);
    await page.keyboard.press('Space');
    await expect.poll(around, PATIENCE).toEqual(before);
  }
});

it('a magnifier shows the place under the pointer three times as large', async () => {
  const { page } = window;
  const film = page.locator('[data-film]').first();
  const box = await film.boundingBox();
  if (box === null) throw new Error('the film has no place');
  const [left = 0, right = 0, up = 0, down = 0] = await around();
  await page.keyboard.press('g');
  await page.getByRole('button', { name: 'Magnifier', pressed: true }).waitFor();
  await page.mouse.move(box.x + Math.floor(box.width / 2), box.y + Math.floor(box.height / 2));
  await page.mouse.down();
  const seen = (): Promise<readonly number[] | null> =>
    page.evaluate(`(() => {
      const lens = document.querySelector('.film > canvas');
      if (lens === null) return null;
      const context = lens.getContext('2d');
      const dot = lens.width / lens.clientWidth;
      const at = (dx, dy) => context.getImageData(lens.width / 2 + dx * dot, lens.height / 2 + dy * dot, 1, 1).data[0];
      return [at(-90, 0), at(90, 0), at(0, -90), at(0, 90)];
    })()`);
  await expect.poll(seen, PATIENCE).not.toBeNull();
  await window.picture('layouts-0-magnifier');
  const [lensLeft = 0, lensRight = 0, lensUp = 0, lensDown = 0] = (await seen()) ?? [];
  // 90 of its pixels are 30 of the film's on the screen
  expect(Math.abs(lensRight - lensLeft - (right - left) * 0.3)).toBeLessThanOrEqual(3);
  expect(Math.abs(lensDown - lensUp - (down - up) * 0.3)).toBeLessThanOrEqual(3);
  expect(Math.abs((lensLeft + lensRight) / 2 - (left + right) / 2)).toBeLessThanOrEqual(3);
  await page.mouse.up();
  await expect.poll(seen, PATIENCE).toBeNull();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Magnifier', pressed: false }).waitFor();
});

it('a dense screen shows the film with every pixel of it, at the same place', async () => {
  const { page } = window;
  const before = await around();
  const size = (): Promise<readonly number[]> =>
    page.evaluate(`(() => {
      const canvas = document.querySelector('[data-film] canvas');
      return [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight];
    })()`);
  expect(await size()).toEqual([1, 1]);
  const screen = await page.context().newCDPSession(page);
  const screenSize = page.viewportSize() ?? expect.fail('the window has a size');
  await setDensity(screen, screenSize, 2);
  await expect.poll(size, PATIENCE).toEqual([2, 2]);
  // 100 of its pixels are 50 of the page's
  const nearer = before.map(
    (grey, at) => (grey + (before[at ^ 1] ?? 0)) / 2 + (grey - (before[at ^ 1] ?? 0)) / 4,
  );
  const furthest = async (): Promise<number> =>
    Math.max(...(await around()).map((grey, at) => Math.abs(grey - (nearer[at] ?? 0))));
  await expect.poll(furthest, PATIENCE).toBeLessThanOrEqual(2);
  await endDensity(page, screen, screenSize);
  await expect.poll(size, PATIENCE).toEqual([1, 1]);
  const off = async (): Promise<number> =>
    Math.max(...(await around()).map((grey, at) => Math.abs(grey - (before[at] ?? 0))));
  await expect.poll(off, PATIENCE).toBeLessThanOrEqual(1);
});

it('one key hides whose film it is, another fills the screen with it', async () => {
  const { page } = window;
  const strip = page.getByRole('group', { name: 'Film', exact: true });
  await strip.getByText('a-large.dcm').waitFor();
  const told = (): Promise<boolean> =>
    page.evaluate(`/a-large|P-[0-9A-F]{4}|2024-03-05/.test(document.querySelector('main').outerHTML)`);
  expect(await told()).toBe(true);
  await page.keyboard.press('m');
  await strip.getByText('Identity masked').waitFor();
  await expect.poll(told, PATIENCE).toBe(false); // nor in a tooltip, nor for a screen reader
  await window.picture('layouts-0-masked');
  await page.keyboard.press('m');
  await strip.getByText('a-large.dcm').waitFor();

  const filled = (): Promise<boolean> =>
    page.evaluate(`(() => {
      const room = document.fullscreenElement;
      return room !== null && room.contains(document.querySelector('[data-film]')) && room.clientWidth === innerWidth;
    })()`);
  expect(await filled()).toBe(false);
  await page.keyboard.press('Shift+f');
  await expect.poll(filled, PATIENCE).toBe(true);
  await window.picture('layouts-0-full-screen');
  await page.keyboard.press('Shift+f');
  await expect.poll(filled, PATIENCE).toBe(false);
  expect(window.problems).toEqual([]);
});

it('graphics that a film brings with it lie over it and can be hidden', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Film 3 of 6' }).click();
  const button = page.getByRole('button', { name: 'Graphics of the film: Nodule' });
  await button.waitFor();
  const green = (): Promise<number> =>
    page.evaluate(`(() => {
      const canvas = document.querySelector('[data-film] canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 1] > data[at] + 20) count += 1;
      return count;
    })()`);
  await expect.poll(green, PATIENCE).toBeGreaterThan(1000);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('layouts-1-graphics');
  await page.keyboard.press('o');
  await expect.poll(green, PATIENCE).toBe(0);
  await button.click();
  await expect.poll(green, PATIENCE).toBeGreaterThan(1000);
  expect(window.problems).toEqual([]);
});

const zooms = (): Promise<string[]> => window.page.locator('.zoom').allTextContents();
/** Width of the ruler's line in each viewport: it tells the zoom of each. */
const rulers = (): Promise<number[]> =>
  window.page.evaluate(
    `[...document.querySelectorAll('[aria-label^="Viewport "]')].map((pane) => pane.querySelector('p > i')?.getBoundingClientRect().width ?? 0)`,
  );

it('an earlier film of the patient stands beside the one that is read, zoom linked, windows apart', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Film 6 of 6' }).click();
  await page.getByRole('button', { name: 'Earlier film beside this one' }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('u');
  const beside = page.getByRole('img', { name: 'Earlier film · 2021-03-05 · PA' });
  await beside.waitFor();
  await expect.poll(() => page.locator('[data-pixels="whole"]').count(), PATIENCE).toBe(2);
  await page.keyboard.press('+');
  await expect.poll(zooms, PATIENCE).toEqual(['125 %']);
  await expect.poll(async () => new Set(await rulers()).size, PATIENCE).toBe(1);
  // The window belongs to the film under the tools.
  const texts = (): Promise<string[]> => page.locator('p.window').allTextContents();
  const before = await texts();
  await beside.click();
  await page.keyboard.press('4');
  await expect.poll(async () => (await texts())[1], PATIENCE).not.toBe(before[1]);
  expect((await texts())[0]).toBe(before[0]);
  await page.keyboard.press('Control+z');
  await expect.poll(texts, PATIENCE).toEqual(before);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('layouts-2-beside');
  await page.keyboard.press('k');
  await page.keyboard.press('+');
  await expect.poll(zooms, PATIENCE).toEqual(['156 %']);
  await expect.poll(async () => new Set(await rulers()).size, PATIENCE).toBe(2);
  await page.keyboard.press('k');
});

it('a film beside the one that is read has its own frames, by slider and by keys', async () => {
  const { page } = window;
  const own = page.getByRole('group', { name: 'Viewport 2' });
  const slider = own.getByRole('slider', { name: 'Frame of Earlier film · 2021-03-05 · PA' });
  await slider.waitFor();
  // the film that is read has one frame: no slider of its own
  expect(await page.getByRole('slider', { name: 'Frame', exact: true }).count()).toBe(0);
  const seen = (): Promise<string> =>
    page.evaluate(`document.querySelectorAll('[data-film] canvas')[1].toDataURL()`);
  const first = await seen();
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await own.getByText('Frame 2 of 3').waitFor();
  await expect.poll(seen, PATIENCE).not.toBe(first);
  const second = await seen();
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('PageDown');
  await own.getByText('Frame 3 of 3').waitFor();
  await expect.poll(seen, PATIENCE).not.toBe(second);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('layouts-2-frames');
  // no further than the last, and the keys act on the viewport that was chosen
  await page.keyboard.press('PageDown');
  await own.getByText('Frame 3 of 3').waitFor();
  await page.getByRole('img', { name: /^Film/ }).first().click();
  await page.keyboard.press('PageUp');
  await own.getByText('Frame 3 of 3').waitFor();
  await page.getByRole('img', { name: 'Earlier film · 2021-03-05 · PA' }).click();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('PageUp');
  await own.getByText('Frame 1 of 3').waitFor();
  await expect.poll(seen, PATIENCE).toBe(first);
  expect(window.problems).toEqual([]);
});

it('four viewports hold what there is of the patient; a viewport can be given another film', async () => {
  const { page } = window;
  await page.keyboard.press('v');
  await page.getByRole('img', { name: 'Earlier film · 2019-09-30 · PA' }).waitFor();
  await page.getByText('No further film of this patient.').waitFor();
  expect(await page.locator('[aria-label^="Viewport "]').count()).toBe(4);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('layouts-3-four');
  await page.getByRole('button', { name: 'Two viewports' }).click();
  await page.getByRole('combobox', { name: 'Film of viewport 2' }).click();
  await page.getByRole('option', { name: 'Earlier film · 2019-09-30 · PA' }).click();
  await page.getByRole('img', { name: 'Earlier film · 2019-09-30 · PA' }).waitFor();
  await looksRight(window, 'layouts-4');
  await page.getByRole('button', { name: 'One viewport' }).click();
  await expect.poll(() => page.locator('[data-film]').count(), PATIENCE).toBe(1);
  expect(window.problems).toEqual([]);
});

it('viewports and links are taken back by the same keys as what is drawn, but never the mask', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Film 1 of 6' }).click();
  await page.getByRole('button', { name: 'Nothing to undo' }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  const count = (): Promise<number> => page.locator('[aria-label^="Viewport "]').count();
  const masked = (): Promise<number> => page.getByText('Identity masked').count();
  const before = await count();
  await page.keyboard.press('v');
  await page.getByRole('button', { name: 'Undo: Viewports' }).waitFor();
  await expect.poll(count, PATIENCE).not.toBe(before);
  const [after, linked] = [await count(), page.getByRole('button', { name: 'Linked: zoom and place' })];
  await linked.waitFor();
  await page.keyboard.press('k');
  await page.getByRole('button', { name: 'Undo: Viewports not linked' }).waitFor();
  await page.keyboard.press('m');
  await expect.poll(masked, PATIENCE).toBeGreaterThan(0);
  await page.keyboard.press('Control+z');
  await linked.waitFor();
  expect(await masked()).toBeGreaterThan(0);
  await page.keyboard.press('Control+z');
  await expect.poll(count, PATIENCE).toBe(before);
  for (const words of ['Viewports', 'Viewports not linked']) {
    await page.getByRole('button', { name: `Redo: ${words}`, exact: true }).waitFor();
    await page.keyboard.press('Control+Shift+z');
  }
  expect(await count()).toBe(after);
  expect(await masked()).toBeGreaterThan(0);
  await page.keyboard.press('m');
  await expect.poll(masked, PATIENCE).toBe(0);
  // another film begins anew: how this one was looked at is not taken back there
  await page.getByRole('button', { name: 'Film 2 of 6' }).click();
  await page.getByRole('button', { name: 'Nothing to undo' }).waitFor();
  expect(window.problems).toEqual([]);
});
