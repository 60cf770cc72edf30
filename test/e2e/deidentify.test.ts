/**
 * @file Films without their patients, by keyboard alone: chosen, options, a warning of writing in the picture, a black box over it,
 * written, and read again: nothing of the patient in a byte of them, black where the box was, the picture as it was elsewhere.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { listTags } from '../../main/dicom/tag-list.ts';
import { connectLoopback } from '../../main/node/loopback-client.ts';
import { isLetter, sizeOfWriting, type Writing } from '../helpers/burned-in.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';
import { inOrder } from './in-order.ts';
import { tabTo } from './keyboard.ts';
import { looksRight } from './looks.ts';
import { openWindow, PATIENCE, type AppWindow } from './window.ts';

const LONG = { timeout: 120_000 };
const [ROWS, COLS] = [400, 360];
const WRITING: Writing = { x: 100, y: 350, cell: 2 };
/** In names of files and folders, in headers and in the pixels. */
const SECRETS = ['Zaphodia', 'Quagmire', 'MRN-4711', 'MRN758', '19790203', 'Nowhere'];

/** A soft picture, dark at the edges; 12 bits. */
const chest = (row: number, col: number): number =>
  Math.round(600 + 1800 * Math.sin((Math.PI * row) / ROWS) * Math.sin((Math.PI * col) / COLS));
const written = (row: number, col: number): number => (isLetter(row, col, WRITING) ? 4000 : chest(row, col));

/** Darker than the picture anywhere but at its edges. */
const DARK = 700;

let window: AppWindow;
let page: Page;
beforeAll(async () => {
  window = await openWindow();
  page = window.page;
});
afterAll(() => window.close());
inOrder();

const press = async (...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
const box = () => page.getByRole('img', { name: /^Black box 1/ });
const numberOf = async (name: string): Promise<number> => Number(await box().getAttribute(name));

it('has films of a patient, one with her number burned in', async () => {
  const folder = join(window.folder, 'Clinic of Nowhere');
  mkdirSync(folder);
  const patient = { patientName: 'Quagmire^Zaphodia', patientId: 'MRN-4711', studyDate: '19790203' };
  const film = (name: string, uid: string, pixel: (row: number, col: number) => number): void =>
    writeFileSync(
      join(folder, name),
      tinyDicom({ ...patient, rows: ROWS, cols: COLS, sopUid: `1.2.3.${uid}`, pixel, bodyPart: 'CHEST' }),
    );
  film('Zaphodia Quagmire 1.dcm', '1', written);
  film('Zaphodia Quagmire 2.dcm', '2', (row, col) => chest(row, COLS - 1 - col));
  film('Zaphodia Quagmire 3.dcm', '3', (row, col) => Math.round(chest(row, col) * 0.8));
  const loopback = await connectLoopback(window.spareUrl);
  const { importId } = await loopback.client.library.import({ paths: [folder] });
  for await (const { error } of await loopback.client.library.watchImport({ importId }))
    expect(error).toBeNull();
  loopback.close();
});

it('warns of the writing, covers it, and moves the box by keys', async () => {
  await page.getByText('3 films').first().waitFor();
  await tabTo(page, /^Films/);
  await press('ArrowRight', 'ArrowRight', 'ArrowRight');
  await page.getByRole('tab', { name: 'De-identify', selected: true }).waitFor();
  await page.getByText('1 place may hold writing. Look at all of the picture.').waitFor();
  await looksRight(window, 'deidentify-1-writing');
  await tabTo(page, 'Cover these');
  await press('Enter');
  await box().waitFor();
  const { width, height } = sizeOfWriting(WRITING.cell);
  expect(await numberOf('x')).toBeLessThanOrEqual(WRITING.x);
  expect(await numberOf('y')).toBeLessThanOrEqual(WRITING.y);
  expect((await numberOf('x')) + (await numberOf('width'))).toBeGreaterThanOrEqual(WRITING.x + width);
  expect((await numberOf('y')) + (await numberOf('height'))).toBeGreaterThanOrEqual(WRITING.y + height);
  // a box that was added is moved, made larger and removed, and the focus is never lost
  await tabTo(page, 'Add a box');
  await press('Enter');
  const second = page.getByRole('img', { name: /^Black box 2/ });
  const place = async (): Promise<number[]> => {
    const names = ['x', 'y', 'width', 'height'];
    return await Promise.all(names.map(async (name) => Number(await second.getAttribute(name))));
  };
  await second.waitFor();
  const [x = 0, y = 0, w = 0, h = 0] = await place();
  await press('ArrowRight', 'ArrowDown', 'Shift+ArrowRight', 'Shift+ArrowUp');
  await expect.poll(place, PATIENCE).toEqual([x + 2, y + 2, w + 2, h - 2]);
  await press('Delete');
  await expect.poll(() => second.count(), PATIENCE).toBe(0);
  expect(await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')).toMatch(
    /^Black box 1/,
  );
});

it(
  'looks over all chosen films before it writes, and names the one that may hold writing',
  LONG,
  async () => {
    await tabTo(page, 'Choose all that fit', 'Shift+Tab');
    await press('Enter');
    await tabTo(page, 'De-identify 3 films');
    await press('Enter');
    const suspected = page.getByRole('list', { name: 'Pictures that may hold writing' });
    await suspected.getByRole('button', { name: /Zaphodia Quagmire 1.dcm\s*1 place/ }).waitFor(LONG);
    expect(await suspected.getByRole('listitem').count()).toBe(1);
    await page.getByRole('button', { name: 'De-identify 3 films all the same' }).waitFor();
    expect(existsSync(join(window.folder, 'library', 'deidentified'))).toBe(false);
    await looksRight(window, 'deidentify-1b-suspected');
  },
);

it('shows what happens to each field, and follows the options', async () => {
  const fields = page.getByRole('region', { name: 'Fields of the header' });
  const field = (name: string) => fields.getByRole('listitem').filter({ hasText: name });
  await field('PatientName').getByText('Written').waitFor();
  await field('StudyDate')
    .getByText(/Emptied|Removed/)
    .waitFor();
  await tabTo(page, 'Keep dates, moved');
  await press('Space');
  await field('StudyDate').getByText('Date moved').waitFor();
  await tabTo(page, 'I looked at the picture: with the boxes nothing in it tells who it is', 'Shift+Tab');
  await press('Space');
  await tabTo(page, 'Choose all that fit', 'Shift+Tab');
  await press('Enter');
  await page.getByText('2 pictures not looked at: writing there may tell who it is.').waitFor();
  await looksRight(window, 'deidentify-2-chosen');
});

it(
  'writes films that hold nothing of her, black under the box and as they were elsewhere',
  LONG,
  async () => {
    await tabTo(page, 'De-identify 3 films');
    await press('Enter');
    const result = page.getByRole('region', { name: 'De-identification' });
    await result.getByText(/^3 films of 1 patient, .*read again and checked, in$/).waitFor(LONG);
    await looksRight(window, 'deidentify-3-done');
    const out = join(window.folder, 'library', 'deidentified');
    const paths = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    expect(paths).toHaveLength(3);
    expect(await result.textContent()).toContain(readdirSync(out)[0]);
    const told = (await result.textContent()) ?? '';
    for (const secret of SECRETS) expect(told).not.toContain(secret);

    const covered = await Promise.all(['x', 'y', 'width', 'height'].map(numberOf));
    let withBox = 0;
    for (const path of paths) {
      const bytes = readFileSync(path);
      for (const secret of SECRETS) {
        for (const code of ['latin1', 'utf16le'] as const)
          expect([path, secret, bytes.includes(Buffer.from(secret, code))]).toEqual([path, secret, false]);
        expect(path.slice(window.folder.length)).not.toContain(secret);
      }
      const tags = new Map(listTags(bytes).map(({ keyword, value }) => [keyword, value]));
      expect(tags.get('PatientName')).toMatch(/^P-[0-9A-F]{12}$/);
      expect(tags.get('PatientIdentityRemoved')).toBe('YES');
      expect(tags.get('StudyDate')).not.toBe('19790203');
      withBox += Number(await isCovered(path, covered));
    }
    expect(withBox).toBe(1);
    expect(window.problems).toEqual([]);
  },
);

/** True for the film with the box: as dark as its darkest place under it, and what it was elsewhere. */
async function isCovered(
  path: string,
  [x = 0, y = 0, width = 0, height = 0]: readonly number[],
): Promise<boolean> {
  const values = (await readFilm(readFileSync(path), path)).grey(0);
  const black = values[y * COLS + x] ?? Infinity;
  let wrong = 0;
  for (let at = 0; at < ROWS * COLS; at += 1) {
    const [row, col] = [Math.floor(at / COLS), at % COLS];
    const within = col >= x && col < x + width && row >= y && row < y + height;
    wrong += Number(values[at] !== (within ? black : written(row, col)));
  }
  return wrong === 0 && black <= DARK;
}
