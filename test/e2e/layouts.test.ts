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
  await page.getByRole('button', { name: 'Film 3 of 3' }).click();
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
