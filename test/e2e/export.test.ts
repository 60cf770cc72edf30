/**
 * @file The Export page in a real browser: annotations out with their check, a session package with a passphrase, opened again and
 * merged by its owner; no serious finding of axe, nothing wider than the window.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { keepThreshold } from '../../main/services/evaluation/kept-thresholds.ts';
import { runExport } from '../../main/services/exchange/export-job.ts';
import { exportRequest } from '../../shared/contract/exchange.ts';
import type { ReaderId } from '../../shared/domain/ids.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import { addModelRun } from '../helpers/bundles.ts';
import { openTestApp } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { looksRight as looksRightTo4k } from './looks.ts';
import { tabTo } from './keyboard.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

/** A film that names its study: DICOM objects go into it. */
const WITH_STUDY = fileURLToPath(new URL('../fixtures/dicom/good/phi-1.dcm', import.meta.url));
const SETUP_MS = 120_000;
const LONG = { timeout: SETUP_MS };
/** Of films that the library has: the first that the reading room opens is among them. */
let filmNames: string[] = [];
const KEY_ROUND = 'Key round';
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
    const study = join(window.folder, 'zz-key.dcm');
    copyFileSync(WITH_STUDY, study);
    const added = await client.library.import({ paths: [study] });
    for await (const event of await client.library.watchImport(added)) expect(event.error).toBeNull();
    const known = (await client.library.films({ limit: 50 })).rows.find(({ name }) => name === 'zz-key.dcm');
    if (known === undefined) throw new Error('the DICOM film was added');
    const ana = await client.readers.add({ token, name: 'Ana', role: 'reader', pin: '2468' });
    const key = await client.review.create({
      token,
      name: KEY_ROUND,
      plan: { ...plan, timed: true },
      readers: [ana.id],
      films: [known.id],
    });
    const by = await client.readers.signIn({ readerId: ana.id, pin: '2468' });
    await client.review.sign({
      ...{ token: by.token, reviewId: key.id, filmId: known.id, id: 'reading-000000000001', after: 0 },
      content: {
        ...{ answers: {}, verdicts: [], note: 'Left base', keyFrames: [0], seconds: 12.5 },
        marks: [
          {
            shape: {
              ...{ id: 's-1', kind: 'rectangle', frame: 0, text: '' },
              points: [
                { x: 2, y: 3 },
                { x: 12, y: 15 },
              ],
            },
            finding: 'Infiltration',
            confidence: 0.8,
          },
        ],
      },
    });
    filmNames = (await client.library.films({ limit: 6 })).rows.map(({ name }) => name);
    const ids = rows.map(({ id }) => id);
    await client.review.create({ token, name: 'Spring round', plan, readers: [reader.id], films: ids });
    loopback.close();

    await page.reload();
    await page.getByRole('radio', { name: /^VinDr-CXR/ }).click();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByText(`Read back from the disk and compared: ${films + 1} films`).waitFor();
    const exportsDir = join(window.folder, 'library', 'exports');
    await page.getByText(exportsDir).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save image_labels.csv' }).click();
    const saved = readFileSync(await (await download).path(), 'utf8');
    const [folder = ''] = readdirSync(exportsDir).filter((name) => !name.endsWith('.json'));
    expect(saved).toBe(readFileSync(join(exportsDir, folder, 'image_labels.csv'), 'utf8'));
    expect(saved.split('\r\n')).toHaveLength(films + 3);
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
    // called positive where somebody decided it there, whatever the films here would choose
    await page.getByRole('tab', { name: 'Operating point' }).click();
    await page.getByText(/^Set by hand where the model was made, /).waitFor(LONG);
    const threshold = page.getByRole('slider', { name: 'Threshold' });
    expect(await threshold.getAttribute('aria-valuetext')).toBe('.125');
    await looksRightTo4k(window, 'export-point-by-hand');
    await page.getByRole('radio', { name: 'Youden here' }).click();
    await page.getByText(/It does not count: \.125 does\./).waitFor(LONG);
    await looksRightTo4k(window, 'export-point-here');
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
    // The first films are still to be read without a model; the last is in no session.
    await page.getByText(/has this film read without a model/).waitFor(LONG);
    expect(await page.getByRole('region', { name: 'Scores of theirs.csv' }).count()).toBe(0);
    await looksRight('reading-hidden');
    await page.getByRole('button', { name: /^Film 5 of/ }).click();
    await page.getByRole('region', { name: 'Scores of theirs.csv' }).waitFor(LONG);
    await looksRight('reading-outside');
    expect(window.problems).toEqual([]);
  },
  SETUP_MS * 3,
);

const KINDS = /^(Annotations|Predictions|Model|Session package|DICOM SR|DICOM GSPS|Report)/;
const FORMATS = /^(CSV|JSON|COCO|VinDr-CXR)$/;
const focusedWords = (): Promise<string> =>
  window.page.evaluate<string>(
    `(document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent ?? '').trim()`,
  );

/** From one radio of a group to another by the arrow keys. */
async function turnTo(group: RegExp, wanted: string): Promise<void> {
  await tabTo(window.page, group);
  for (let step = 0; step < 8; step++) {
    if ((await focusedWords()).startsWith(wanted)) return;
    await window.page.keyboard.press('ArrowRight');
  }
  throw new Error(`the arrow keys never come to ${wanted}`);
}

/** An option of a list that is opened by Enter. */
async function pick(list: RegExp, option: string): Promise<void> {
  const { page } = window;
  await tabTo(page, list);
  if ((await focusedWords()).includes(option)) return;
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: new RegExp(option) }).waitFor();
  await page.keyboard.type(option.slice(0, 3));
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: new RegExp(option) }).waitFor({ state: 'detached' });
}

it(
  'exports a session as every kind by keyboard alone, and what is saved is what lies in the library',
  async () => {
    const { page } = window;
    const exportsDir = join(window.folder, 'library', 'exports');
    const asText = (bytes: Buffer): string => bytes.toString('latin1');
    const json = (bytes: Buffer) => JSON.parse(bytes.toString('utf8')) as Record<string, unknown[]>;
    const dicom = (sopClass: string) => (bytes: Buffer) => {
      expect(asText(bytes.subarray(128, 132))).toBe('DICM');
      expect(asText(bytes)).toContain(sopClass);
    };
    const cases: readonly (readonly [string, string | null, RegExp, (bytes: Buffer) => void])[] = [
      ['DICOM SR', null, /\.dcm$/, dicom('1.2.840.10008.5.1.4.1.1.88.33')],
      ['DICOM GSPS', null, /\.dcm$/, dicom('1.2.840.10008.5.1.4.1.1.11.1')],
      [
        'Report',
        null,
        /^report\.html$/,
        (bytes) => expect(asText(bytes).match(/data:image\/jpeg;base64,/g)).toHaveLength(1),
      ],
      [
        'Annotations',
        'JSON',
        /^annotations\.json$/,
        (bytes) => expect(json(bytes)).toMatchObject({ films: [{ boxes: [{ reader: 'Ana' }] }] }),
      ],
      ['Annotations', 'COCO', /^coco\.json$/, (bytes) => expect(json(bytes).annotations).toHaveLength(1)],
      [
        'Annotations',
        'CSV',
        /^annotations\.csv$/,
        (bytes) => expect(asText(bytes)).toContain(',seconds,Ana,first read,12.5,'),
      ],
      ['Predictions', 'CSV', /^predictions\.csv$/, (bytes) => expect(asText(bytes)).toContain('zz-key.dcm')],
    ];
    for (const [kind, format, file, check] of cases) {
      await goTo(page, 'Reading room');
      await goTo(page, 'Export');
      const before = new Set(readdirSync(exportsDir));
      await turnTo(KINDS, kind);
      await pick(/^(Session|Of what)/, KEY_ROUND);
      if (kind === 'Predictions') await pick(/^Run/, 'From afar');
      if (format !== null) await turnTo(FORMATS, format);
      await tabTo(page, 'Export');
      await page.keyboard.press('Enter');
      const made = (): string | undefined =>
        readdirSync(exportsDir).find((name) => !name.endsWith('.json') && !before.has(name));
      await expect.poll(() => existsSync(join(exportsDir, `${made() ?? 'none'}.json`)), PATIENCE).toBe(true);
      const name = readdirSync(join(exportsDir, made() ?? '')).find((one) => file.test(one)) ?? 'none';
      await page
        .getByRole('button', { name: `Save ${name}`, exact: true })
        .first()
        .waitFor();
      await tabTo(page, `Save ${name}`);
      const download = page.waitForEvent('download');
      await page.keyboard.press('Enter');
      const bytes = readFileSync(await (await download).path());
      expect(bytes.equals(readFileSync(join(exportsDir, made() ?? '', name))), `${kind} ${format}`).toBe(
        true,
      );
      check(bytes);
    }
    expect(window.problems).toEqual([]);
  },
  SETUP_MS * 3,
);

/** A model of another library, as a file. */
async function strangersBundle(): Promise<{ path: string }> {
  const other = await openTestApp();
  const runId = await addModelRun(other);
  const { library, inference } = other;
  const byHand = { runId, task: 't2' as const, threshold: 0.125, reason: '' };
  keepThreshold(library, Date, { id: 'reader-00000001' as ReaderId, name: 'Somebody' }, byHand);
  const { files } = await runExport(
    { library, predict: inference.service.predict, score: inference.scoreAfresh, clock: Date },
    exportRequest.parse({ what: 'bundle', runId }),
    { folder: join(window.folder, 'from-afar') },
    { signal: new AbortController().signal, report: () => undefined },
  );
  return { path: files[0]?.path ?? '' };
}
