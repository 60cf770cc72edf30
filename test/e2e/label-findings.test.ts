/**
 * @file A finding that no imported label knows and a review does: it can be chosen where that version of labels is learned, for a teacher and a
 * study, and in no other case; a teacher learns it alone.
 */
import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { ReadingId } from '../../shared/domain/ids.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { inOrder } from './in-order.ts';
import { looksRight } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const SETUP_MS = 300_000;
const TEST_MS = 180_000;
const NEW = 'Rib fracture';

let window: AppWindow;
let host: Awaited<ReturnType<typeof connectLoopback>>;
beforeAll(async () => {
  window = await openWindow();
  host = await connectLoopback(window.spareUrl);
});
afterAll(async () => {
  host.close();
  await window.close();
});
inOrder();

it('has films that a reader found fractures on, kept as labels', { timeout: SETUP_MS }, async () => {
  const { client } = host;
  const { dir, labels } = smallFilmFolder();
  const { importId } = await client.library.import({ paths: [dir], labels });
  for await (const { state } of await client.library.watchImport({ importId }))
    if (state !== 'running') break;
  const { token, reader } = await client.readers.firstOwner({ name: 'Olga', pin: '190512' });
  const { rows } = await client.library.films({ limit: 100 });
  const films = rows.map(({ id }) => id);
  const plan = reviewPlan.parse({
    ...{ findings: [NEW], questions: [], blinding: 'hidden', runId: null, timed: false, seed: 1 },
  });
  const made = await client.review.create({ token, name: 'Round', plan, readers: [reader.id], films });
  for (const [index, filmId] of films.entries()) {
    const points = [
      { x: 1, y: 1 },
      { x: 9, y: 9 },
    ];
    const shape = { id: 'a', kind: 'rectangle' as const, frame: 0, points, text: '' };
    const marks = index % 2 === 0 ? [{ shape, finding: NEW, confidence: null }] : [];
    const content = { answers: {}, marks, verdicts: [], note: '', keyFrames: [], seconds: null };
    const id = `reading-${randomBytes(8).toString('hex')}` as ReadingId;
    await client.review.sign({ token, reviewId: made.id, filmId, id, after: 0, content });
  }
  const asked = { token, reviewId: made.id, name: 'Fractures', leastReaders: 1 };
  await client.review.makeLabels({ ...asked, abnormal: { by: 'imported' } });
  expect(await client.library.labelVersions({})).toMatchObject([{ name: 'Fractures', positives: [NEW] }]);
});

/** Whether the finding can be ticked on the page that is open. */
async function pickable(): Promise<boolean> {
  const { page } = window;
  await page.getByRole('button', { name: /^Findings/ }).click();
  await page.getByRole('checkbox').first().waitFor();
  const has = (await page.getByRole('checkbox', { name: NEW, exact: true }).count()) === 1;
  await page.keyboard.press('Escape');
  return has;
}

async function learn(labels: string): Promise<void> {
  const { page } = window;
  await page.getByRole('combobox', { name: /^Labels/ }).click();
  await page.getByRole('option', { name: labels }).click();
  await page.getByRole('combobox', { name: `Labels: ${labels}` }).waitFor();
}

it(
  'can be chosen with these labels only, and a teacher learns it alone',
  { timeout: SETUP_MS + TEST_MS },
  async () => {
    const { page } = window;
    await goTo(page, 'Teacher');
    await page.getByRole('combobox', { name: 'Labels: As imported' }).waitFor();
    expect(await pickable()).toBe(false);
    await learn('Fractures');
    expect(await pickable()).toBe(true);
    await page.getByRole('button', { name: /^Findings/ }).click();
    await page.getByRole('button', { name: 'None', exact: true }).click();
    await page.getByRole('checkbox', { name: NEW, exact: true }).click();
    await window.picture('label-findings-picker');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Findings.*1 of/ }).waitFor();
    await looksRight(window, 'label-findings-teacher');
    // taken back, what the imported labels do not know is not asked for
    await learn('As imported');
    await page.getByRole('button', { name: /^Findings.*All/ }).waitFor();
    await learn('Fractures');
    await page.getByRole('button', { name: /^Findings/ }).click();
    await page.getByRole('button', { name: 'None', exact: true }).click();
    await page.getByRole('checkbox', { name: NEW, exact: true }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: 'Quick look' }).click();
    await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
    await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('8');
    await page.getByRole('textbox', { name: 'Name of the run' }).fill('Of fractures');
    await page.getByRole('button', { name: 'Train teacher' }).click();
    const run = page.getByRole('region', { name: 'Run', exact: true });
    await run.getByRole('combobox', { name: 'Run: Of fractures' }).waitFor();
    await looksRight(window, 'label-findings-live');
    await run.getByText('Finished', { exact: true }).waitFor({ timeout: SETUP_MS });
    await looksRight(window, 'label-findings-taught');
    const [taught] = await host.client.training.runs({});
    expect(await host.client.training.run({ runId: taught?.id ?? '' })).toMatchObject({
      config: { findings: [NEW] },
      state: 'finished',
    });
  },
);

it('can be chosen for a study too', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Students');
  await page
    .getByRole('link', { name: /stud(y|ies)/i })
    .or(page.getByRole('tab', { name: /study/i }))
    .first()
    .click();
  await expect.poll(() => page.getByRole('combobox', { name: /^Labels/ }).count(), PATIENCE).toBe(1);
  expect(await pickable()).toBe(false);
  await learn('Fractures');
  expect(await pickable()).toBe(true);
  expect(window.problems).toEqual([]);
});
