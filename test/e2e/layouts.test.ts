/** @file The reading room with large films and several side by side. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const GRAPHICS = fileURLToPath(new URL('../fixtures/dicom/overlay/two-planes.dcm', import.meta.url));
const IMPORT_MS = 90_000;

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow();
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
    writeFileSync(join(films, `d-${studyDate}.dcm`), tinyDicom({ ...film, studyDate }));
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
  await page.evaluate(`document.documentElement.dataset.theme = 'light'`);
  await window.picture('layouts-4-light');
  await page.getByRole('button', { name: 'One viewport' }).click();
  await expect.poll(() => page.locator('[data-film]').count(), PATIENCE).toBe(1);
  expect(window.problems).toEqual([]);
});
