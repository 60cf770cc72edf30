/** @file Films of one's own in the window: a folder with bad files, a chosen folder with a CSV, what cannot be taken, a host that goes away. */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, type AppWindow } from './window.ts';

const BAD_FILMS = fileURLToPath(new URL('../fixtures/dicom/bad', import.meta.url));
const IMPORT_MS = 90_000;

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow({ alone: true });
});
afterAll(() => window.close());
inOrder();

it('names the reason of every file that it skips, and overflows nowhere', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Add films' }).first().click();
  const path = page.getByRole('textbox', { name: 'Or a folder or file of this computer' });
  await path.fill(BAD_FILMS);
  await page.getByRole('button', { name: 'Import' }).click();
  const skipped = page.getByRole('region', { name: 'Skipped files' });
  await skipped.waitFor({ timeout: IMPORT_MS });
  const rows = await skipped.getByRole('row').allTextContents();
  expect(rows.find((row) => row.startsWith('bomb-65535.dcm'))).toMatch(/65535 × 65535 pixels.*TOO_LARGE/);
  expect(rows.find((row) => row.startsWith('empty.dcm'))).toMatch(/0 bytes.*EMPTY_FILE/);
  expect(rows.slice(1).every((row) => /\. [A-Z_]+$/.test(row.trim()))).toBe(true);
  for (const width of [1024, 1366, 1920]) {
    await page.setViewportSize({ width, height: 700 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
    expect(await seriousViolations(page)).toEqual([]);
  }
  await page.setViewportSize({ width: 1366, height: 768 });
  await window.picture('import-1-reasons');
});

it('takes a chosen folder with the labels of a CSV', async () => {
  const { page } = window;
  const { dir, labels, films } = smallFilmFolder();
  // the browser's folder dialog leaves links out
  const chosen = join(window.folder, 'images');
  mkdirSync(chosen);
  for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(chosen, name));
  await page.getByLabel('Labels file', { exact: true }).setInputFiles(labels);
  const columns = page.getByRole('region', { name: 'Columns and first rows' });
  await columns.getByRole('combobox', { name: 'patient_id is: Patient' }).waitFor();
  await columns.getByRole('combobox', { name: 'Pneumonia is: Finding' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('import-2-columns');
  await page.getByLabel('Folder of films', { exact: true }).setInputFiles(chosen);
  await page.getByText(`${films} files`).waitFor();
  await page.getByRole('button', { name: 'Import' }).click();
  await page
    .getByRole('listitem')
    .filter({ hasText: `${films}imported` })
    .waitFor({ timeout: IMPORT_MS });
  await page.getByRole('button', { name: 'See the films' }).click();
  const [head = '', ...rows] = readFileSync(labels, 'utf8').trim().split('\n');
  const pneumonia = head.split(',').indexOf('Pneumonia');
  const positive = rows.filter((row) => row.split(',')[pneumonia] === '1').length;
  expect(positive).toBeGreaterThan(0);
  await page.getByRole('button', { name: new RegExp(`^Pneumonia\\s+${positive}\\b`) }).waitFor();
  await window.picture('import-3-films');
});

/** What the Export page saves in a format. */
async function exported(format: RegExp, file: string): Promise<string> {
  const { page } = window;
  await goTo(page, 'Export');
  await page.getByRole('radio', { name: format }).click();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const save = page.getByRole('button', { name: `Save ${file}` });
  await save.first().waitFor();
  const download = page.waitForEvent('download');
  await save.first().click();
  const path = join(window.folder, file);
  await (await download).saveAs(path);
  return path;
}

it('takes back what an export wrote: JSON, then COCO', async () => {
  const { page } = window;
  interface Exported {
    readonly films: { labels: { finding: string; value: boolean }[] }[];
  }
  const json = await exported(/^JSON/, 'annotations.json');
  const coco = await exported(/^COCO/, 'coco.json');
  const file = JSON.parse(readFileSync(json, 'utf8')) as Exported;
  const positive = file.films.flatMap(({ labels }) =>
    labels.filter(({ finding, value }) => finding === 'Pneumonia' && value),
  );
  const [first] = positive;
  if (first === undefined) throw new Error('a film has a pneumonia');
  first.value = false;
  writeFileSync(json, JSON.stringify(file));
  for (const [path, count] of [
    [json, positive.length - 1],
    [coco, positive.length],
  ] as const) {
    await goTo(page, 'Library');
    await page.getByRole('button', { name: 'Add films' }).click();
    await page.getByLabel('Labels file', { exact: true }).setInputFiles(path);
    await page.getByText('The file says itself what it holds').waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('import-5-telling');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByRole('heading', { name: 'Import done' }).waitFor({ timeout: IMPORT_MS });
    await page.getByRole('button', { name: 'See the films' }).click();
    await page.getByRole('button', { name: new RegExp(`^Pneumonia\\s+${count}\\b`) }).waitFor();
  }
});

it('says what is wrong with a path, and keeps what was there', async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Add films' }).click();
  await page
    .getByRole('textbox', { name: 'Or a folder or file of this computer' })
    .fill(join(window.folder, 'none'));
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('alert').getByText('does not exist or may not be read').waitFor();
  await page.getByRole('heading', { name: 'Import done' }).waitFor();
});

it('empty pages say what to do next', async () => {
  const { page } = window;
  for (const [name, words] of [
    ['Teacher', 'No teacher yet'],
    ['Students', 'Students need a finished teacher.'],
    ['Evaluate', 'No results yet'],
    ['Reading room', 'No model yet'],
  ] as const) {
    await goTo(page, name);
    await page.getByText(words).waitFor();
    expect(await seriousViolations(page), name).toEqual([]);
  }
  expect(window.problems).toEqual([]);
});

it('tells when Chestlight is gone, and still shows what it has', async (test) => {
  if (window.packed) return test.skip('the packed app goes with its window');
  const { page } = window;
  await goTo(page, 'Library');
  await window.stopServer();
  await page.getByRole('alert').getByText('The connection to Chestlight was lost.').waitFor();
  await page.getByRole('row', { name: /nih-/ }).first().waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('import-4-lost');
});
