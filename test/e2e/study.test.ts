/**
 * @file The whole work in one window, on the real server and engine: sample library, teacher, student, results, reading room.
 * Each test goes on where the one before ended.
 */
import { join } from 'node:path';

import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import type { AttentionMethod } from '../../shared/contract/inference.ts';
import { colourAt, type ColourMapName } from '../../shared/domain/colour-map.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { cellColour, distance, isGrey, lightOnBorders, type Placement } from './overlay-pixels.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const IMPORT_MS = 90_000;
/** One epoch of a ViT-Tiny on 95 films, with its process, caches and evaluation. */
const RUN_MS = 480_000;
const TEST_MS = RUN_MS + 60_000;
const INTERVAL = /(?:\.\d\d|1\.00) \((?:\.\d\d|1\.00)–(?:\.\d\d|1\.00)\)/;

let window: AppWindow;
/** The spare address, which is good for one window. */
let other: ReturnType<typeof connectLoopback> | undefined;
const anotherWindow = () => (other ??= connectLoopback(window.spareUrl));
beforeAll(async () => {
  window = await openWindow();
});
afterAll(async () => {
  (await other)?.close();
  await window.close();
});
inOrder();

it('opens the sample library from an empty one', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByRole('heading', { name: 'This library has no films yet' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('1-empty');
  await page.getByRole('button', { name: 'Open the sample library' }).click();
  await page.getByText('160 films · 152 patients').waitFor({ timeout: IMPORT_MS });
  await page.getByRole('row', { name: /nih-00000002_000\.jpg/ }).waitFor();
  await page.getByLabel('Search films').fill('00000050');
  await page.getByText('1 film fits the filter').waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('2-library');
  await page.getByRole('tab', { name: 'Splits' }).click();
  await page.getByRole('heading', { name: 'New split' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
});

it('trains a teacher, watched through a reload', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Teacher');
  await page.getByRole('radio', { name: 'Quick look' }).click();
  await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
  await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('16');
  await page.getByRole('textbox', { name: 'Name of the run' }).fill('Teacher of the test');
  await page.getByText('95 films, 6 steps').waitFor();
  await page.getByRole('button', { name: 'Train teacher' }).click();

  const run = page.getByRole('region', { name: 'Run', exact: true });
  await run.getByText('Training', { exact: true }).first().waitFor({ timeout: RUN_MS });
  await run.getByRole('img', { name: 'The first training batch' }).waitFor();
  await window.picture('3-teacher-training');
  await page.reload();
  await run.getByRole('combobox', { name: 'Run: Teacher of the test' }).waitFor();
  await run.getByText('Finished', { exact: true }).waitFor({ timeout: RUN_MS });
  await run.getByText('1 of 1').waitFor();
  expect(await run.getByText('On the test part').textContent()).toMatch(INTERVAL);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('4-teacher');
});

it('distils a student at 28 pixels, with a pause', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Students');
  await page.getByRole('combobox', { name: 'Teacher: Teacher of the test' }).waitFor();
  await page.getByRole('checkbox', { name: 'No distillation at 28 px' }).click();
  await page.getByRole('radio', { name: 'Quick look' }).click();
  await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
  await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('16');
  await page.getByRole('button', { name: 'Add 1 run to the queue' }).click();

  const runs = page.getByRole('region', { name: 'Runs of students' });
  await runs.getByText('Training', { exact: true }).waitFor({ timeout: RUN_MS });
  await runs.getByRole('button', { name: 'Pause' }).click();
  await runs.getByText('Paused', { exact: true }).waitFor({ timeout: RUN_MS }); // the step at hand is finished first
  await runs.getByRole('button', { name: 'Resume' }).click();
  await runs.getByText('Finished', { exact: true }).waitFor({ timeout: RUN_MS });
  expect(await runs.getByTitle('Test part').textContent()).toMatch(INTERVAL);
  await page.getByLabel('Knowledge cache').getByText('mean of all blocks').waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('5-students');
});

it('shows the results with intervals', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Evaluate');
  const table = page.getByRole('region', { name: 'Table of results' });
  for (const name of [/Teacher of the test/, /MLCAK 28 px/]) {
    const row = table.getByRole('row', { name });
    await row.waitFor();
    const cells = await row.getByRole('cell').allTextContents();
    expect(cells.filter((text) => INTERVAL.test(text))).toHaveLength(2);
  }
  const findings = page.getByRole('region', { name: 'Findings of the chosen run' });
  await findings.getByRole('button', { name: 'Abnormal (T2)' }).waitFor();
  expect(await findings.getByText(INTERVAL).count()).toBeGreaterThanOrEqual(7);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('6-evaluate');

  const shown = {
    Curves: page.getByRole('figure', { name: 'ROC' }).locator('canvas'),
    'Operating point': page.getByRole('table', { name: 'Confusion on the test part' }),
    Resolutions: page.getByRole('figure', { name: 'Findings (T1)' }).locator('canvas'),
    Cases: page.getByRole('link', { name: /scored/ }).first(),
  };
  for (const [tab, content] of Object.entries(shown)) {
    await page.getByRole('tab', { name: tab }).click();
    await content.waitFor();
    expect(await seriousViolations(page), tab).toEqual([]);
    await window.picture(`7-${tab.replace(' ', '-').toLowerCase()}`);
  }
  await page
    .getByRole('link', { name: /^Compare attention on/ })
    .first()
    .waitFor();
  await shown.Cases.click();
  await page.getByRole('heading', { level: 1, name: 'Reading room' }).waitFor();
  // wherever the film stands among the 160, its thumbnail is in sight
  await page
    .getByRole('navigation', { name: 'Films' })
    .getByText(/^\d+ of 160$/)
    .waitFor();
});

it(
  'shows a film with scores of both models and an overlay that lies on it',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    const scores = page.getByRole('region', { name: 'Scores', exact: true });
    await scores.getByRole('meter', { name: /^Abnormal, MLCAK 28 px/ }).waitFor();
    // Abnormal and six findings, by two models
    await expect.poll(() => scores.getByRole('meter').count(), PATIENCE).toBe(14);
    await page.getByText('What the models saw').click();
    await page.getByRole('img', { name: /as MLCAK 28 px.* sees it/ }).waitFor();

    await page.getByRole('checkbox', { name: 'Show over the film' }).click();
    await page.getByRole('radio', { name: 'Relevance' }).click();
    await page.getByRole('checkbox', { name: 'Smooth' }).click();
    await page.getByRole('slider', { name: 'Opacity' }).focus();
    await page.keyboard.press('End');
    await expect
      .poll(() => page.getByText(/^Relevance for abnormal, 14 × 14 tokens/).count(), PATIENCE)
      .toBe(2);
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('8-overlay');

    const maps = await mapsOfHost(decodeURIComponent(/film-[0-9a-f]+/.exec(page.url())?.[0] ?? ''));
    const full = colourAt('inferno', 1);
    const centred = { zoom: 1, shift: [0, 0] } as const;
    const panned = { zoom: 0.8, shift: [40, -24] } as const;
    const steps: readonly (readonly [act: () => Promise<void>, then: Placement])[] = [
      [async () => {}, centred],
      [() => page.getByRole('button', { name: 'Zoom out' }).click(), { ...centred, zoom: 0.8 }],
      [() => drag(page.getByRole('img', { name: /^Film, Teacher/ }), panned.shift), panned],
      [() => page.getByRole('button', { name: 'Invert' }).click(), panned],
    ];
    for (const [act, placement] of steps) {
      await act();
      for (const [slot, { grid, strongest, weakest }] of maps.entries()) {
        const colour = (cell: number) => cellColour(page, { slot, grid, cell, ...placement });
        await expect
          .poll(async () => distance(await colour(strongest), full), PATIENCE)
          .toBeLessThanOrEqual(2);
        expect(isGrey(await colour(weakest))).toBe(true);
      }
    }
    await window.picture('9-overlay-moved');
  },
);

it('a head, another finding, another colour map and the borders of tokens show over the film', async () => {
  const { page } = window;
  const filmId = decodeURIComponent(/film-[0-9a-f]+/.exec(page.url())?.[0] ?? '');
  const placement = { zoom: 0.8, shift: [40, -24] } as const;
  const choose = async (label: string, option: string): Promise<void> => {
    await page.getByRole('combobox', { name: new RegExp(`^${label}: `) }).click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };
  /** The strongest cell of each model's map is where the host says, in the colour of the top. */
  const lies = async (asked: AskedMap, map: ColourMapName): Promise<void> => {
    for (const [slot, { grid, strongest, weakest }] of (await mapsOfHost(filmId, asked)).entries()) {
      const colour = (cell: number) => cellColour(page, { slot, grid, cell, ...placement });
      await expect
        .poll(async () => distance(await colour(strongest), colourAt(map, 1)), PATIENCE)
        .toBeLessThanOrEqual(2);
      expect(isGrey(await colour(weakest))).toBe(true);
    }
  };
  await choose('What for', 'Pneumonia');
  await expect.poll(() => page.getByText(/^Relevance for Pneumonia, 14 × 14/).count(), PATIENCE).toBe(2);
  await lies({ method: 'relevance', head: null, target: 'Pneumonia' }, 'inferno');
  await choose('Colours', 'Viridis');
  await lies({ method: 'relevance', head: null, target: 'Pneumonia' }, 'viridis');
  await page.getByRole('radio', { name: 'Last block' }).click();
  await choose('Head', 'Head 2');
  await expect.poll(() => page.getByText(/, head 2, 14 × 14 tokens/).count(), PATIENCE).toBe(2);
  await lies({ method: 'last', head: 1, target: null }, 'viridis');

  const border = (): Promise<number> => lightOnBorders(page, { slot: 0, grid: 14, ...placement });
  expect(await border()).toBeLessThan(6);
  await page.getByRole('checkbox', { name: 'Token grid' }).click();
  await expect.poll(border, PATIENCE).toBeGreaterThan(20);
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('9-overlay-tokens');
  await page.getByRole('checkbox', { name: 'Token grid' }).click();
  await expect.poll(border, PATIENCE).toBeLessThan(6);
});

it(
  'compares attention of teacher and students in one figure and saves it',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await page.getByRole('button', { name: 'Compare attention' }).click();
    await page.getByRole('heading', { level: 1, name: 'Compare attention' }).waitFor();
    const panes = page.getByRole('region', { name: /^\([A-H]\) / });
    expect(await panes.count()).toBe(8);
    const pane = (name: string) => page.getByRole('region', { name });
    await pane('(E) No distillation 28 px').getByText('No run chosen').waitFor();
    await page.getByRole('combobox', { name: 'Run of pane (B): Teacher of the test' }).waitFor();
    for (const name of ['(B) Teacher 224 px', '(H) MLCAK 28 px'])
      await pane(name)
        .getByText(/^Abnormal \.\d\d$/)
        .waitFor();
    await page.getByRole('img', { name: /^Colour bar from [\d.]+× to [\d.]+×$/ }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('10-compare');

    await page.getByRole('radio', { name: 'Each its own' }).click();
    await page.getByRole('radio', { name: 'What models saw' }).click();
    await expect.poll(() => panes.getByText(/^[\d.]+× to [\d.]+×$/).count(), PATIENCE).toBe(2);
    await page.getByRole('combobox', { name: 'Run of pane (E): None' }).click();
    await page.getByRole('option', { name: /^MLCAK 28 px/ }).click();
    await pane('(E) MLCAK 28 px')
      .getByText(/^Abnormal \.\d\d$/)
      .waitFor();
    await window.picture('11-compare-own');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save PNG' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^attention-film-[0-9a-f]+\.png$/);
    const { format, width, density } = await sharp(await file.path()).metadata();
    expect({ format, width, density }).toEqual({ format: 'png', width: 3508, density: 300 });

    // the arrow keys go on to the neighbour, with the panes as they were chosen
    await page.getByRole('heading', { level: 1 }).click();
    const before = page.url();
    await page.keyboard.press(
      (await page.getByText('160 of 160').count()) === 0 ? 'ArrowRight' : 'ArrowLeft',
    );
    await expect.poll(() => page.url(), PATIENCE).not.toBe(before);
    await pane('(E) MLCAK 28 px')
      .getByText(/^Abnormal \.\d\d$/)
      .waitFor();
    await page.getByRole('button', { name: 'Reading room' }).click();
    await page.getByRole('heading', { level: 1, name: 'Reading room' }).waitFor();
  },
);

it('an owner keeps an operating point; the reading room says whose it is', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Evaluate');
  await page.getByRole('tab', { name: 'Operating point' }).click();
  await page.getByRole('link', { name: 'Sign in under Review' }).click();
  await page.getByLabel('Your name').fill('Olga');
  await page.getByLabel('PIN', { exact: true }).fill('20417');
  await page.getByLabel('PIN once more').fill('20417');
  await page.keyboard.press('Enter');
  await page.getByText('No review session yet').waitFor();
  await goTo(page, 'Evaluate');
  await page.getByRole('tab', { name: 'Operating point' }).click();
  const use = page.getByRole('button', { name: 'Use this threshold' });
  await use.waitFor();
  expect(await use.isDisabled()).toBe(true); // the fitted one counts already
  await page.getByRole('slider', { name: 'Threshold' }).focus();
  await page.keyboard.press('End');
  await page.getByRole('textbox', { name: 'Reason' }).fill('No false alarms');
  await use.click();
  const said = page.getByText(/^Set by hand on \d{4}-\d\d-\d\d by Olga, fitted was .*“No false alarms”$/);
  await said.waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await window.picture('13-kept-threshold');
  await page.reload();
  await page.getByRole('tab', { name: 'Operating point' }).click();
  await said.waitFor();
  await goTo(page, 'Reading room');
  await page.getByText(/1 threshold set by hand$/).waitFor();
  await page.getByRole('meter', { name: /^Abnormal, .*set by hand on .* by Olga, fitted was/ }).waitFor();
  await goTo(page, 'Evaluate');
  await page.getByRole('tab', { name: 'Operating point' }).click();
  await page.getByRole('button', { name: /^Return to the fitted/ }).click();
  await page.getByText('Chosen by Youden').waitFor();
});

it(
  'holds back the scores of a picture that is no chest film, until they are asked for',
  { timeout: TEST_MS },
  async () => {
    const { page, folder } = window;
    const path = join(folder, 'strip.png');
    const raw = { width: 600, height: 200, channels: 1 } as const;
    const noise = Uint8Array.from(
      { length: raw.width * raw.height },
      (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 255,
    );
    await sharp(noise, { raw }).png().toFile(path);
    const scores = page.getByRole('region', { name: 'Scores', exact: true });
    await goTo(page, 'Reading room');
    // ten validation films are too few for a distance: said, and nothing is held back for it
    await scores.getByText('not fitted for this model').first().waitFor();
    await expect.poll(() => scores.getByRole('meter').count(), PATIENCE).toBe(14);
    const filmId = await importFilm(path);
    await page.evaluate(`location.hash = "#/reading/${filmId}"`);
    await page.getByText('Scores are held back').waitFor();
    await scores
      .getByText('The picture is 3.0 times as wide as tall (600 × 200), too long for a chest film.')
      .first()
      .waitFor();
    expect(await scores.getByRole('meter').count()).toBe(0);
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('14-held-back');
    const place = await page.getByText('What the models saw').boundingBox();
    await page.getByRole('button', { name: 'Show the scores all the same' }).click();
    await expect.poll(() => scores.getByRole('meter').count(), PATIENCE).toBe(14);
    expect((await page.getByText('What the models saw').boundingBox())?.y).toBeCloseTo(place?.y ?? -1, 0);
    await scores.getByText('Not a film for this model').first().waitFor(); // said all the same
    await window.picture('15-shown-all-the-same');
  },
);

it('has no serious finding of axe on the other pages, and left this computer alone', async () => {
  const { page } = window;
  await goTo(page, 'Settings');
  for (const tab of ['Doctor', 'Copies', 'Look', 'Help and keys', 'Licences']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
    expect(await seriousViolations(page), tab).toEqual([]);
  }
  await page.getByRole('tab', { name: 'Look' }).click();
  await page.getByRole('radio', { name: 'Daylight office' }).click();
  for (const name of ['Library', 'Teacher', 'Students', 'Evaluate', 'Reading room']) {
    await goTo(page, name);
    expect(await seriousViolations(page), name).toEqual([]);
  }
  await page.getByRole('button', { name: 'Compare attention' }).click();
  await page
    .getByText(/^Abnormal \.\d\d$/)
    .first()
    .waitFor();
  expect(await seriousViolations(page), 'Compare attention').toEqual([]);
  await window.picture('12-daylight');
  expect(window.problems).toEqual([]);
});

/** Moves a film with the middle mouse button; linked viewports follow. */
async function drag(film: Locator, [x, y]: Placement['shift']): Promise<void> {
  const box = await film.boundingBox();
  if (box === null) throw new Error('the film is not in sight');
  const { mouse } = film.page();
  const [fromX, fromY] = [box.x + box.width / 2, box.y + box.height / 2];
  await mouse.move(fromX, fromY);
  await mouse.down({ button: 'middle' });
  await mouse.move(fromX + x, fromY + y);
  await mouse.up({ button: 'middle' });
}

/** Imports a file as another window would. @returns its film */
async function importFilm(path: string): Promise<string> {
  const { client } = await anotherWindow();
  const before = await client.library.films({ limit: 200 });
  const { importId } = await client.library.import({ paths: [path] });
  for await (const { state } of await client.library.watchImport({ importId })) {
    if (state === 'finished') break;
  }
  const known = new Set(before.rows.map(({ id }) => id));
  const after = await client.library.films({ limit: 200 });
  const film = after.rows.find(({ id }) => !known.has(id));
  return film?.id ?? expect.fail('nothing was imported');
}

interface Extremes {
  readonly grid: number;
  readonly strongest: number;
  readonly weakest: number;
}

interface AskedMap {
  readonly method: AttentionMethod;
  readonly head: number | null;
  readonly target: string | null;
}

/** Maps of the teacher and the student, relevance for "abnormal" unless told, as the host gives them to any window. */
async function mapsOfHost(
  filmId: string,
  asked: AskedMap = { method: 'relevance', head: null, target: 'abnormal' },
): Promise<readonly Extremes[]> {
  const { client } = await anotherWindow();
  const runs = await client.training.runs({});
  const order = ['teacher', 'mlcak'].map((method) => runs.find((run) => run.method === method));
  return await Promise.all(
    order.map(async (run) => {
      const { attention } = await client.inference.predict({
        runId: run?.id as RunId,
        filmId: filmId,
        attention: [asked],
      });
      const { grid = 0, values = [] } = attention[0] ?? {};
      return {
        grid,
        strongest: values.indexOf(Math.max(...values)),
        weakest: values.indexOf(Math.min(...values)),
      };
    }),
  );
}
