/**
 * @file The Export page in a real browser: annotations out with their check, a session package with a passphrase, opened again and
 * merged by its owner; no serious finding of axe, nothing wider than the window.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { runExport } from '../../main/services/exchange/export-job.ts';
import { exportRequest } from '../../shared/contract/exchange.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import { addModelRun } from '../helpers/bundles.ts';
import { openTestApp } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, type AppWindow } from './window.ts';

const SETUP_MS = 120_000;
const LONG = { timeout: SETUP_MS };
/** Of films that the library has: the first that the reading room opens is among them. */
let filmNames: string[] = [];
const OWNER = { name: 'Olga', pin: '190512' };

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow();
});
afterAll(() => window.close());
inOrder();

/** Right at three widths, dark and light. */
async function looksRight(name: string): Promise<void> {
  const { page } = window;
  for (const width of [1024, 1920, 1366]) {
    await page.setViewportSize({ width, height: 768 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
  }
  for (const theme of ['light', 'dark']) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    expect(await seriousViolations(page), `${name}, ${theme}`).toEqual([]);
    await window.picture(`export-${name}-${theme}`);
  }
}

it('says what to do where there is nothing yet', async () => {
  const { page } = window;
  await goTo(page, 'Export');
  await page.getByText('There are no films yet: add them on the Library page.').waitFor();
  await page.getByText('Nothing exported yet').waitFor();
  expect(await page.getByRole('button', { name: 'Export' }).isDisabled()).toBe(true);
  await looksRight('empty');
});

it(
  'exports annotations, says how they were checked and where they lie, and saves the file',
  async () => {
    const { page } = window;
    const loopback = await connectLoopback(window.spareUrl);
    const { client } = loopback;
    const { dir, labels, films } = smallFilmFolder();
    const { importId } = await client.library.import({ paths: [dir], labels });
    for await (const event of await client.library.watchImport({ importId })) expect(event.error).toBeNull();
    await client.library.createSplit({ name: 'Here' });
    const { token, reader } = await client.readers.firstOwner(OWNER);
    const { rows } = await client.library.films({ limit: 3 });
    const plan = reviewPlan.parse({
      findings: ['Infiltration'],
      questions: [],
      blinding: 'hidden',
      runId: null,
      timed: false,
      seed: 1,
    });
    filmNames = (await client.library.films({ limit: 6 })).rows.map(({ name }) => name);
    const ids = rows.map(({ id }) => id);
    await client.review.create({ token, name: 'Spring round', plan, readers: [reader.id], films: ids });
    loopback.close();

    await page.reload();
    await page.getByRole('radio', { name: /^VinDr-CXR/ }).click();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(`Read back from the disk and compared: ${films} films`).waitFor();
    const exportsDir = join(window.folder, 'library', 'exports');
    await page.getByText(exportsDir).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save image_labels.csv' }).click();
    const saved = readFileSync(await (await download).path(), 'utf8');
    const [folder = ''] = readdirSync(exportsDir).filter((name) => !name.endsWith('.json'));
    expect(saved).toBe(readFileSync(join(exportsDir, folder, 'image_labels.csv'), 'utf8'));
    expect(saved.split('\r\n')).toHaveLength(films + 2);
    await looksRight('annotations');
  },
  SETUP_MS,
);

it('writes a session package onto a stick, opens it with its passphrase and merges it', async () => {
  const { page } = window;
  await page.getByRole('radio', { name: /^Session package/ }).click();
  await page.getByRole('link', { name: 'Sign in on the Review page' }).first().click();
  await page.getByRole('button', { name: new RegExp(`^${OWNER.name}`) }).click();
  await page.getByLabel(`PIN of ${OWNER.name}`).fill(OWNER.pin);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Change reader' }).waitFor();
  await goTo(page, 'Export');
  await page.getByRole('radio', { name: /^Session package/ }).click();
  await page.getByRole('combobox', { name: /Session/ }).click();
  await page.getByRole('option', { name: /Spring round/ }).click();
  await page.getByRole('textbox', { name: 'Passphrase (optional)' }).fill('correct horse battery');
  const stick = join(window.folder, 'stick');
  mkdirSync(stick);
  await page.getByLabel('Folder on this computer (optional)').fill(stick);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByText('Opened again from the disk and compared').waitFor();
  const [made = ''] = readdirSync(stick);
  const path = join(stick, made, 'Spring-round.chestlight');
  expect(existsSync(path)).toBe(true);
  await page.locator('input[accept=".chestlight"]').setInputFiles(path);
  await page.getByLabel('Passphrase of the package').fill('correct horse battery');
  await page.getByRole('button', { name: 'Decrypt' }).click();
  await page.getByText('Spring round (here already)').waitFor();
  await looksRight('package');
  await page.getByRole('button', { name: 'Merge' }).click();
  await page.getByText('“Spring round” is merged: 0 new versions').waitFor();
  expect(window.problems).toEqual([]);
});

it(
  'takes in a model that another site signed, once its key was compared, and measures it on films that are here',
  async () => {
    const { page } = window;
    const { path } = await strangersBundle();
    await page.locator('input[accept=".chestlight"]').setInputFiles(path);
    await page.getByText(/No distillation, ViT-Tiny at 28 px/).waitFor();
    const take = page.getByRole('button', { name: 'Take the model in' });
    expect(await take.isDisabled()).toBe(true);
    await looksRight('model');
    await page.getByRole('checkbox', { name: /I compared this key/ }).check();
    await page.getByRole('textbox', { name: 'Name here (optional)' }).fill('From afar');
    await take.click();
    await page.getByText(/“From afar” is in the library. Asked about 4 generated images/).waitFor(LONG);
    await page.getByRole('link', { name: 'measure it on films that are here' }).click();
    const measure = page.getByRole('button', { name: 'Measure it here' });
    await measure.waitFor();
    await looksRight('unmeasured');
    await measure.click();
    await page.getByRole('tab', { name: 'Findings' }).waitFor(LONG);
    await page.getByText(/came from elsewhere, signed by/).waitFor(LONG);
    await page.getByText(/macro over [12] of 2/).waitFor(LONG);
    await looksRight('measured');
    await page.getByRole('button', { name: 'Training of From afar' }).click();
    await page.getByText('This model was trained elsewhere').waitFor();
    await looksRight('imported');
    await goTo(page, 'Evaluate');
    await page.getByRole('tab', { name: 'From elsewhere' }).click();
    const scores = join(window.folder, 'theirs.csv');
    writeFileSync(
      scores,
      `image,p_abnormal\n${filmNames.map((name, index) => `${name},0.${index + 1}`).join('\n')}\n`,
    );
    await page.getByLabel('File of scores').setInputFiles(scores);
    await page.getByRole('combobox', { name: /p_abnormal/ }).click();
    await page.getByRole('option', { name: 'Normal / abnormal' }).click();
    await looksRight('mapper');
    await page.getByRole('button', { name: 'Take the scores in' }).click();
    await page.getByText(/“theirs.csv” is not in this library: scores of 6 films are kept/).waitFor(LONG);
    await page.getByRole('region', { name: 'Models from elsewhere' }).waitFor();
    await looksRight('outside');
    await goTo(page, 'Reading room');
    await page.getByRole('region', { name: 'Scores of theirs.csv' }).waitFor(LONG);
    await looksRight('reading-outside');
    expect(window.problems).toEqual([]);
  },
  SETUP_MS * 3,
);

/** A model of another library, as a file. */
async function strangersBundle(): Promise<{ path: string }> {
  const other = await openTestApp();
  const runId = await addModelRun(other);
  const { library, inference } = other;
  const { files } = await runExport(
    { library, predict: inference.service.predict, score: inference.scoreAfresh, clock: Date },
    exportRequest.parse({ what: 'bundle', runId }),
    { folder: join(window.folder, 'from-afar') },
    { signal: new AbortController().signal, report: () => undefined },
  );
  return { path: files[0]?.path ?? '' };
}
