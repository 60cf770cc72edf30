/**
 * @file A study in one window, on the real server and engine with twenty films: planned, priced, started, watched, paused,
 * put in another order, resumed, read as a table, saved, removed. Each test goes on where the one before ended.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { formatScore } from '../../shared/domain/numbers.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const IMPORT_MS = 90_000;
/** Cells of one epoch of a ViT-Tiny on ten films, each with its process and evaluation. */
const STUDY_MS = 300_000;
const TEST_MS = STUDY_MS + 60_000;
const SCORE = /(?:\.\d{3}|1\.000)/;
const SIZES = [
  [1024, 700],
  [1366, 768],
  [1920, 1080],
] as const;

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow();
});
afterAll(() => window.close());
inOrder();

/** No sideways scrolling and no serious finding of axe at any size, in both themes. */
async function looksRight(name: string): Promise<void> {
  const { page } = window;
  // no tooltip is in the picture
  await page.mouse.move(1, 1);
  await page.keyboard.press('Escape');
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await expect
      .poll(() => page.evaluate<number>('document.documentElement.scrollWidth'), PATIENCE)
      .toBe(width);
    expect(await seriousViolations(page), `${name} at ${width}`).toEqual([]);
    await window.picture(`study-${name}-${width}`);
  }
  await page.setViewportSize({ width: 1366, height: 768 });
  for (const theme of ['light', 'dark']) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    expect(await seriousViolations(page), `${name}, ${theme}`).toEqual([]);
    if (theme === 'light') await window.picture(`study-${name}-light`);
  }
}

it('says that films are missing, and where they come from', async () => {
  const { page } = window;
  await goTo(page, 'Study');
  await page.getByText('The library has no films yet.').waitFor();
  await page.getByText('No study yet.').waitFor();
  expect(await page.getByRole('button', { name: /^Train \d+ cells/ }).isDisabled()).toBe(true);
  expect(await seriousViolations(page)).toEqual([]);
});

it('plans cells by keyboard and says what they cost', { timeout: TEST_MS }, async () => {
  const { page } = window;
  const { dir, labels, films } = smallFilmFolder();
  const chosen = join(window.folder, 'images');
  mkdirSync(chosen);
  for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(chosen, name));
  await page.getByRole('button', { name: 'Go to the library' }).click();
  await page.getByRole('button', { name: 'Add films' }).first().click();
  await page.getByLabel('Labels file', { exact: true }).setInputFiles(labels);
  await page.getByRole('region', { name: 'Columns and first rows' }).waitFor();
  await page.getByLabel('Folder of films', { exact: true }).setInputFiles(chosen);
  await page.getByText(`${films} files`).waitFor();
  await page.getByRole('button', { name: 'Import' }).click();
  await page
    .getByRole('listitem')
    .filter({ hasText: `${films}imported` })
    .waitFor({ timeout: IMPORT_MS });

  await goTo(page, 'Study');
  await page.getByRole('button', { name: "The paper's tables" }).click();
  // 3 models × (a teacher and 6 systems at 3 resolutions)
  await page.getByRole('button', { name: 'Train 57 cells' }).waitFor();
  await page.getByText(/^57 cells × about .+ = .+/).waitFor();
  await looksRight('tables');
  await page.getByRole('button', { name: 'First look' }).click();
  await page.getByRole('button', { name: 'Train 4 cells' }).waitFor();
  await page.getByRole('checkbox', { name: 'Vanilla KD, Tiny, 28 px', exact: true }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Train 3 cells' }).waitFor();
  expect(await page.getByRole('checkbox', { name: 'Teacher Tiny' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'One to one: tick or clear the row' }).press('Enter');
  await page.getByRole('button', { name: 'Train 6 cells' }).waitFor();
  await page.getByRole('button', { name: 'One to one: tick or clear the row' }).press('Enter');
  await page.getByRole('radio', { name: 'Quick look' }).click();
  await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('0');
  expect(await page.getByRole('button', { name: 'Train 3 cells' }).isDisabled()).toBe(true);
  await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
  await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('4');
  await page.getByText(/^3 cells(,| ×) about .+ s$/).waitFor();
  await page.getByRole('textbox', { name: 'Name of the study' }).fill('Study of the test');
  await looksRight('plan');
});

it('trains them in order, watched, paused, put in another order, resumed', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'Train 3 cells' }).click();
  const head = page.getByRole('region', { name: 'The study', exact: true });
  await head.getByText('Study of the test').waitFor();
  const cells = page.getByRole('region', { name: 'Cells in training order' }).getByRole('listitem');
  await expect.poll(() => cells.count(), PATIENCE).toBe(3);
  await head.getByRole('link', { name: 'Teacher · Tiny · 224 px · seed 1' }).waitFor({ timeout: STUDY_MS });
  await head.getByRole('button', { name: 'Pause' }).click();
  await head.getByText('Paused', { exact: true }).waitFor({ timeout: STUDY_MS });

  const later = page.getByRole('button', { name: 'Train No distillation · Tiny · 28 px · seed 1 later' });
  await later.focus();
  await page.keyboard.press('Enter');
  await page.getByText('No distillation · Tiny · 28 px · seed 1 is now 2 of 2 waiting.').waitFor();
  await expect
    .poll(() => cells.allTextContents(), PATIENCE)
    .toMatchObject([
      expect.stringContaining('Teacher'),
      expect.stringContaining('MLCAK'),
      expect.stringContaining('No distillation'),
    ]);
  // the focus stays with the row that moved
  await expect
    .poll(() => page.evaluate<string>('document.activeElement.ariaLabel'), PATIENCE)
    .toBe('Train No distillation · Tiny · 28 px · seed 1 earlier');
  for (const [second, third] of [
    ['No distillation', 'MLCAK'],
    ['MLCAK', 'No distillation'],
  ]) {
    await cells.nth(2).dragTo(cells.nth(1));
    await expect
      .poll(() => cells.allTextContents(), PATIENCE)
      .toMatchObject([
        expect.stringContaining('Teacher'),
        expect.stringContaining(second ?? ''),
        expect.stringContaining(third ?? ''),
      ]);
  }
  await page.getByRole('button', { name: 'Leave out MLCAK · Tiny · 28 px · seed 1' }).click();
  await cells.nth(1).getByText('Left out').waitFor();
  await page.getByRole('button', { name: 'Take in MLCAK · Tiny · 28 px · seed 1 again' }).click();
  await cells.nth(1).getByText('Waiting').waitFor();
  await looksRight('paused');

  await head.getByRole('button', { name: 'Resume' }).click();
  await head.getByRole('link', { name: /^(MLCAK|Teacher)/ }).waitFor({ timeout: STUDY_MS });
  await page.reload();
  await head.getByText('Finished', { exact: true }).waitFor({ timeout: STUDY_MS });
  await head.getByText('3 of 3 cells done').waitFor();
  await page.getByRole('tab', { name: 'Queue' }).click();
  await expect.poll(() => cells.first().textContent(), PATIENCE).toMatch(/T1 (\.\d\d|1\.00)/);
  await looksRight('queue');
});

it('draws the curves of chosen cells', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByRole('tab', { name: 'Curves' }).click();
  const cells = page.getByRole('region', { name: 'Cells drawn' });
  await expect.poll(() => cells.getByRole('button', { pressed: true }).count(), PATIENCE).toBe(2);
  await cells.getByRole('button', { name: /Teacher · Tiny/ }).press('Enter');
  await expect.poll(() => cells.getByRole('button', { pressed: true }).count(), PATIENCE).toBe(3);
  await page.getByRole('radio', { name: 'Training loss' }).click();
  await page.getByRole('img', { name: 'Training loss', exact: true }).locator('canvas').waitFor();
  await looksRight('curves');
});

it('shows the table with intervals, and saves it', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByRole('tab', { name: 'Results' }).click();
  const table = page.getByRole('region', { name: 'Table of the study' });
  await table.getByRole('row', { name: 'MLCAK' }).waitFor();
  for (const name of ['Teacher', 'No distillation', 'MLCAK']) {
    const cells = await table.getByRole('row', { name }).getByRole('cell').allTextContents();
    expect(
      cells.filter((text) => SCORE.test(text)),
      name,
    ).toHaveLength(2);
    expect(cells.filter((text) => text.includes('paper'))).toEqual([]);
  }
  await page.getByRole('checkbox', { name: "Show the paper's values" }).press('Space');
  await page.getByText(/^Reference: .*not this library/).waitFor();
  // Table 2, ViT-Tiny, MLCAK, 28 px
  await table.getByRole('row', { name: 'MLCAK' }).getByText('paper .820').waitFor();
  await looksRight('results');

  const saved = new Map<string, string>();
  for (const label of ['CSV', 'JSON', 'LaTeX', 'HTML']) {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: label, exact: true }).click();
    const file = await download;
    saved.set(file.suggestedFilename(), readFileSync(await file.path(), 'utf8'));
  }
  expect([...saved.keys()]).toEqual(['csv', 'json', 'tex', 'html'].map((end) => `Study of the test.${end}`));
  const shown = await table.getByRole('row', { name: 'MLCAK' }).getByRole('cell').allTextContents();
  const rows = parse<Record<string, string>>(saved.get('Study of the test.csv') ?? '', {
    columns: true,
    bom: true,
  });
  const cell = rows.find(({ kind, system, task }) => kind === 'cell' && system === 'mlcak' && task === 't1');
  const value = Number(cell?.['value'] ?? Number.NaN);
  expect(shown.find((text) => SCORE.test(text))).toContain(formatScore(value, 3));
  expect(JSON.parse(saved.get('Study of the test.json') ?? '')).toMatchObject({ models: ['tiny'] });

  await page.getByRole('radio', { name: 'Resolutions' }).click();
  await page.getByRole('img', { name: 'Findings (T1)', exact: true }).locator('canvas').waitFor();
  await looksRight('ladder');
});

it('finds what is done already, forgets the study and keeps its runs', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByRole('button', { name: 'All studies' }).click();
  await page.getByRole('radio', { name: 'Quick look' }).click();
  await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
  await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('4');
  // of the first look's four cells all but vanilla distillation
  await page.getByText('3 cells are done already and not trained again.').waitFor();
  await page.getByRole('button', { name: 'Train 1 cell', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove Study of the test' }).click();
  await page.getByRole('alertdialog').getByText('All its runs are kept').waitFor();
  await page.getByRole('button', { name: 'Remove the study' }).click();
  await page.getByText('No study yet.').waitFor();
  await goTo(page, 'Students');
  await page.getByRole('region', { name: 'Runs of students' }).getByText('MLCAK 28 px').first().waitFor();
});

it('compares two of its runs, and saves what is shown', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Evaluate');
  await page.getByRole('tab', { name: 'Compare two runs' }).click();
  const shown = page.getByRole('region', { name: 'Differences of the two runs' });
  await shown.getByRole('row').nth(2).waitFor();
  await looksRight('compare');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).press('Enter');
  const file = await download;
  expect(file.suggestedFilename()).toBe('comparison.csv');
  const rows = parse<Record<string, string>>(readFileSync(await file.path(), 'utf8'), {
    columns: true,
    bom: true,
  });
  const first = (await page.getByRole('combobox', { name: /^First run/ }).textContent())?.trim() ?? '';
  expect(Object.keys(rows[0] ?? {})).toContain(`AUROC ${first}`);
  expect(rows.map(({ task }) => task).slice(0, 2)).toEqual([expect.stringMatching(/^T1/), 'T2 (abnormal)']);
  const text = (await shown.textContent()) ?? '';
  for (const row of rows.slice(0, 2)) expect(text).toContain(formatScore(Number(row[`AUROC ${first}`]), 3));
  expect(window.problems).toEqual([]);
});
