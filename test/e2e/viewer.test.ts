/** @file The reading room with the keyboard alone: window, turn, measure, undo, tags, own keys, frames and colour; nothing serious for axe-core. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { readDicomFile } from '../../main/dicom/part10.ts';
import { connectLoopback } from '../../main/node/loopback-client.ts';
import type { FilmId } from '../../shared/domain/ids.ts';
import { WINDOW_PRESETS } from '../../shared/domain/lut.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { looksRight } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const MULTIFRAME = fileURLToPath(new URL('../fixtures/dicom/good/multiframe2.dcm', import.meta.url));
const MULTIFRAME_RLE = fileURLToPath(new URL('../fixtures/dicom/good/multiframe-rle.dcm', import.meta.url));
const IMPORT_MS = 90_000;

let window: AppWindow;
/** The spare address, which is good for one program. */
let other: ReturnType<typeof connectLoopback> | undefined;
const host = () => (other ??= connectLoopback(window.spareUrl));
const drawnOn = async (filmId: FilmId) => (await host()).client.annotations.of({ filmId });
beforeAll(async () => {
  window = await openWindow();
});
afterAll(async () => {
  (await other)?.close();
  await window.close();
});
inOrder();

const press = async (...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await window.page.keyboard.press(key);
};

/** The film's canvas has the size of its viewport, also after the window had other sizes. */
const filled = (): Promise<boolean> =>
  window.page.evaluate(`(() => {
    const film = document.querySelector('[data-film]');
    const canvas = film.querySelector('canvas');
    return canvas.clientWidth === film.clientWidth && canvas.clientHeight === film.clientHeight;
  })()`);

it('shows a film with its tools', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Add films' }).first().click();
  await page
    .getByRole('textbox', { name: 'Or a folder or file of this computer' })
    .fill(smallFilmFolder().dir);
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('heading', { name: 'Import done' }).waitFor({ timeout: IMPORT_MS });
  await goTo(page, 'Reading room');
  await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
  expect(await seriousViolations(page)).toEqual([]);
});

it('draws, moves and removes a length without a mouse, and takes all of it back', async () => {
  const { page } = window;
  await page.evaluate('document.activeElement.blur()');
  await press('l', 'Enter');
  const length = page.getByRole('button', { name: /^Length, [\d.]+ px$/ });
  await length.waitFor();
  const before = await length.getAttribute('aria-label');
  await page.getByRole('button', { name: 'Length, handle 2 of 2' }).focus();
  await press('Shift+ArrowRight', 'ArrowRight');
  await expect.poll(() => length.getAttribute('aria-label'), PATIENCE).not.toBe(before);
  await page.getByRole('button', { name: /^Undo: Length moved/ }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('viewer-1-length');
  await press('Control+z');
  await expect.poll(() => length.getAttribute('aria-label'), PATIENCE).toBe(before);
  await length.focus();
  await press('Delete');
  await expect.poll(() => length.count(), PATIENCE).toBe(0);
  await press('Control+z');
  await length.waitFor();
  await press('Control+z');
  await expect.poll(() => length.count(), PATIENCE).toBe(0);
  await press('Control+Shift+z');
  await length.waitFor();
});

it('steps of drawing can still be taken back after the page was left', async () => {
  const { page } = window;
  const length = page.getByRole('button', { name: /^Length, [\d.]+ px$/ });
  // turned and drawn: what was drawn is taken back later, how the film lay is not
  await press('Escape', 'l', 'Enter', 'r');
  await expect.poll(() => length.count(), PATIENCE).toBe(2);
  await goTo(page, 'Library');
  await goTo(page, 'Reading room');
  await expect.poll(() => length.count(), PATIENCE).toBe(2);
  await page.getByRole('button', { name: /^Undo: Length drawn/ }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  await press('Control+z');
  await expect.poll(() => length.count(), PATIENCE).toBe(1);
  await press('Control+Shift+z');
  await expect.poll(() => length.count(), PATIENCE).toBe(2);
  // drawn on elsewhere meanwhile: what is there now counts, without steps to what was before
  const filmId = (await page.locator('[data-film]').getAttribute('data-film')) as FilmId;
  await goTo(page, 'Library');
  const kept = async (): Promise<number> => (await drawnOn(filmId)).shapes.length;
  await expect.poll(kept, PATIENCE).toBe(2);
  const { version } = await drawnOn(filmId);
  await (await host()).client.annotations.save({ filmId, shapes: [], after: version });
  await goTo(page, 'Reading room');
  await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
  await page.getByRole('button', { name: 'Nothing to undo' }).waitFor();
  expect(await length.count()).toBe(0);
});

it('draws every kind of shape, and says what it measures', async () => {
  const { page } = window;
  for (const [key, name] of [
    ['n', /^Angle, 90\.0°$/],
    ['t', /^Cardiothoracic ratio, CTR 0\.\d\d, heart/],
    ['s', /^Rectangle, Area [\d,]+ px², Mean \d+/],
    ['e', /^Ellipse, Area/],
    ['f', /^Outline, Area/],
    ['p', /^Probe, \d+, \d+, \d+$/],
    ['j', /^Arrow note$/],
  ] as const) {
    await press(key, 'Enter');
    await page.getByRole('button', { name }).first().waitFor();
  }
  await page.getByRole('textbox', { name: 'Note of the arrow' }).fill('Left base');
  await page.getByRole('button', { name: 'Arrow note, Left base' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await looksRight(window, 'viewer-2-shapes');
  expect(await filled()).toBe(true);
  await page.getByRole('button', { name: 'Remove all shapes of this film' }).click();
  await expect.poll(() => page.locator('g[data-shape]').count(), PATIENCE).toBe(0);
});

it('a drag with the mouse draws too; the shape follows a turn of the film', async () => {
  const { page } = window;
  const film = await page.locator('[data-film]').first().boundingBox();
  if (film === null) throw new Error('the film has no place');
  const [x, y] = [film.x + film.width / 2, film.y + film.height / 2];
  await page.evaluate('document.activeElement.blur()');
  await press('l');
  await page.mouse.move(x - 60, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y, { steps: 3 });
  await page.mouse.up();
  const line = page.locator('g[data-shape="length"]');
  const lying = await line.locator('path').last().boundingBox();
  expect(lying?.width).toBeGreaterThan(110);
  await press('Escape', 'r');
  await expect
    .poll(async () => (await line.locator('path').last().boundingBox())?.height, PATIENCE)
    .toBeGreaterThan(110);
  await press('Control+z', 'Control+z');
  await expect.poll(() => line.count(), PATIENCE).toBe(0);
});

it('what is drawn is kept with the film, and the wheel zooms over a shape too', async () => {
  const { page } = window;
  await page.evaluate('document.activeElement.blur()');
  await press('f', 'Enter', 'j', 'Enter', 'Escape');
  await page.getByRole('textbox', { name: 'Note of the arrow' }).fill('Kept');
  const filmId = (await page.locator('[data-film]').getAttribute('data-film')) as FilmId;
  const kept = async (): Promise<string[]> =>
    (await drawnOn(filmId)).shapes.map(({ kind, text }) => `${kind} ${text}`);
  await expect.poll(kept, PATIENCE).toEqual(['freehand ', 'arrow Kept']);
  await page.reload();
  await page.getByRole('button', { name: 'Arrow note, Kept' }).waitFor();
  const outline = page.getByRole('button', { name: /^Outline, Area/ });
  await outline.waitFor();
  const before = await outline.boundingBox();
  if (before === null) throw new Error('the outline has no place');
  await page.mouse.move(before.x + before.width / 2, before.y + 2);
  await page.mouse.wheel(0, -100);
  await expect.poll(async () => (await outline.boundingBox())?.width, PATIENCE).toBeGreaterThan(before.width);
  await press('Space');
  // Its points by keyboard: one is in the order of Tab, the others are reached from it.
  const point = (words: string) => page.getByRole('button', { name: `Outline, point ${words}`, exact: true });
  const corners = async (): Promise<number | undefined> =>
    (await drawnOn(filmId)).shapes.find(({ kind }) => kind === 'freehand')?.points.length;
  await outline.focus();
  await press('Tab');
  await expect
    .poll(() => point('1 of 12').evaluate('document.activeElement.getAttribute("aria-label")'))
    .toBe('Outline, point 1 of 12');
  await press('PageUp', 'Enter');
  await point('13 of 13').waitFor();
  const placed = await point('13 of 13').boundingBox();
  await press('Shift+ArrowRight', 'Shift+ArrowRight');
  await expect
    .poll(async () => ((await point('13 of 13').boundingBox())?.x ?? 0) - (placed?.x ?? 0), PATIENCE)
    .toBeCloseTo(20, 0);
  await expect.poll(corners, PATIENCE).toBe(13);
  await press('Delete');
  await point('1 of 12').waitFor();
  await press('Control+z');
  await point('13 of 13').waitFor();
  await window.picture('viewer-4-outline-points');
  // By mouse: a point is dragged, one is added on the line, one removed.
  const third = await point('3 of 13').boundingBox();
  if (third === null) throw new Error('the point has no place');
  const [px, py] = [third.x + third.width / 2, third.y + third.height / 2];
  await page.mouse.move(px, py);
  await page.mouse.down();
  await page.mouse.move(px + 30, py + 40, { steps: 3 });
  await page.mouse.up();
  await expect
    .poll(async () => (await point('3 of 13').boundingBox())?.x, PATIENCE)
    .toBeCloseTo(third.x + 30, 0);
  const [a, b] = [await point('7 of 13').boundingBox(), await point('8 of 13').boundingBox()];
  if (a === null || b === null) throw new Error('the points have no place');
  const [mx, my] = [(a.x + b.x + a.width) / 2, (a.y + b.y + a.height) / 2];
  await page.mouse.dblclick(mx, my);
  await point('8 of 14').waitFor();
  await page.mouse.dblclick(mx, my);
  await point('8 of 13').waitFor();
  await expect.poll(corners, PATIENCE).toBe(13);
  // An outline is moved and removed as a whole by its line.
  const [start, c, d] = [
    await outline.boundingBox(),
    await point('5 of 13').boundingBox(),
    await point('6 of 13').boundingBox(),
  ];
  if (start === null || c === null || d === null) throw new Error('the outline has no place');
  const [lx, ly] = [(c.x + d.x + c.width) / 2, (c.y + d.y + c.height) / 2];
  await page.mouse.move(lx, ly);
  await page.mouse.down();
  await page.mouse.move(lx + 50, ly, { steps: 3 });
  await page.mouse.up();
  await expect.poll(async () => (await outline.boundingBox())?.x, PATIENCE).toBeGreaterThan(start.x + 40);
  await outline.focus();
  await press('Delete');
  await expect.poll(() => outline.count(), PATIENCE).toBe(0);
  await page.getByRole('button', { name: 'Remove all shapes of this film' }).click();
  await expect.poll(() => page.locator('g[data-shape]').count(), PATIENCE).toBe(0);
  await expect.poll(kept, PATIENCE).toEqual([]);
  expect(window.problems).toEqual([]);
});

it('the digits choose a window relative to the one of the film', async () => {
  const { page } = window;
  await page.evaluate('document.activeElement.blur()');
  await press('0');
  const chosen = page.getByRole('combobox', { name: 'Window' });
  const shown = async (): Promise<readonly number[]> =>
    [...((await page.locator('p.window').textContent()) ?? '').matchAll(/[WC] (-?[\d.]+)/g)].map(
      ([, value]) => Number(value),
    );
  const [width = 0, center = 0] = await shown();
  expect(width).toBeGreaterThan(10);
  for (const [key, { name, ...preset }] of WINDOW_PRESETS.entries()) {
    await press(String(key));
    await expect.poll(() => chosen.textContent(), PATIENCE).toContain(name);
    const [wide = 0, middle = 0] = await shown();
    expect(Math.abs(wide - width * preset.width), name).toBeLessThanOrEqual(1);
    expect(Math.abs(middle - center - preset.shift * width), name).toBeLessThanOrEqual(1);
  }
  expect(WINDOW_PRESETS).toHaveLength(10);
  await press('Space');
  await expect.poll(shown, PATIENCE).toEqual([width, center]);
});

it('a key can be changed, but not to one that is in use, and is kept', async () => {
  const { page } = window;
  await page.evaluate('document.activeElement.blur()');
  await press('?');
  for (const [key, { name }] of WINDOW_PRESETS.entries())
    await page.getByRole('button', { name: `Window: ${name.toLowerCase()}: ${key}. Change` }).waitFor();
  await page.getByRole('button', { name: 'Invert: I. Change' }).click();
  await press('m');
  await page.getByText('M is the key of “Mask identity”').waitFor();
  await press('x');
  await page.getByRole('button', { name: 'Invert: X. Change' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  const cut = `(() => {
    const sheet = document.querySelector('aside[aria-label="Keys"]');
    return sheet.scrollWidth - sheet.clientWidth;
  })()`;
  expect(await page.evaluate(cut)).toBe(0);
  await looksRight(window, 'viewer-3-keys');
  expect(await filled()).toBe(true);
  await page.reload();
  await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
  await press('x');
  await page.getByRole('button', { name: 'Invert', pressed: true }).waitFor();
});

it('shows the tags of a film beside it, and that a plain picture has none', async () => {
  const { page } = window;
  await press('d');
  await page.getByRole('complementary', { name: 'DICOM tags' }).getByText('has no tags').waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await press('Escape');
  await expect.poll(() => page.getByRole('complementary', { name: 'DICOM tags' }).count(), PATIENCE).toBe(0);
  expect(window.problems).toEqual([]);
});

it('shows a colour film in colour, and a film with several frames one by one', async () => {
  const { page } = window;
  const folder = join(window.folder, 'special');
  mkdirSync(folder);
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c82828' } })
    .png()
    .toFile(join(folder, 'a-red.png'));
  copyFileSync(MULTIFRAME, join(folder, 'b-frames.dcm'));
  await goTo(page, 'Library');
  await page.getByRole('button', { name: 'Add films' }).click();
  await page.getByRole('textbox', { name: 'Or a folder or file of this computer' }).fill(folder);
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('listitem').filter({ hasText: '2imported' }).waitFor({ timeout: IMPORT_MS });
  await goTo(page, 'Reading room');
  await page.getByRole('button', { name: 'Film 1 of 22' }).click();
  const middle = (): Promise<number[]> =>
    page.evaluate<number[]>(`(() => {
      const canvas = document.querySelector('[data-film] canvas');
      const { width, height } = canvas;
      return [...canvas.getContext('2d').getImageData(width >> 1, height >> 1, 1, 1).data].slice(0, 3);
    })()`);
  await expect.poll(middle, PATIENCE).toEqual([200, 40, 40]);

  await page.getByRole('button', { name: 'Film 2 of 22' }).click();
  await page.getByText('Frame 1 of 2', { exact: true }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  await press('PageDown');
  await page.getByText('Frame 2 of 2', { exact: true }).waitFor();
  await page.getByRole('slider', { name: 'Frame' }).press('ArrowLeft');
  await page.getByText('Frame 1 of 2', { exact: true }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('viewer-4-frames');
  await press('Tab');
  await page.getByRole('button', { name: 'DICOM tags' }).click();
  await page.getByRole('searchbox', { name: 'Search tags' }).fill('numberofframes');
  await page.getByText('1 of ', { exact: false }).first().waitFor();
  await page.getByRole('cell', { name: /^NumberOfFrames/ }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('viewer-5-tags');
  expect(window.problems).toEqual([]);
});

it('a frame that cannot be decoded says so, and takes neither slider nor the other frames away', async () => {
  const { page } = window;
  const film = readFileSync(MULTIFRAME_RLE);
  const { dataSet } = readDicomFile(new Uint8Array(film));
  const second = dataSet.elements.get(0x7fe00010)?.fragments?.[2];
  if (second === undefined) throw new Error('the film has two frames');
  film.fill(0xff, second.offset, second.offset + 64); // its head says nonsense
  const path = join(window.folder, 'broken-frame.dcm');
  writeFileSync(path, film);
  const { client } = await host();
  const { importId } = await client.library.import({ paths: [path] });
  for await (const { error } of await client.library.watchImport({ importId })) expect(error).toBeNull();
  const { rows } = await client.library.films({ limit: 50 });
  const id = rows.find(({ name }) => name === 'broken-frame.dcm')?.id ?? '';
  await page.evaluate(`location.hash = '#/reading/${id}'`);
  await page.getByText('Frame 1 of 2', { exact: true }).waitFor();
  await page.evaluate('document.activeElement.blur()');
  for (const _ of [1, 2]) {
    await press('PageDown');
    await page.getByText('Frame 2 of 2', { exact: true }).waitFor();
    await page
      .getByRole('alert')
      .getByText(/^Frame 2: The film cannot be shown\./)
      .waitFor();
    expect(await page.locator('[data-film^="film-"]').count()).toBe(0); // nothing of another frame in its place
    await press('PageUp');
    await page.getByText('Frame 1 of 2', { exact: true }).waitFor();
    await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
  }
});
