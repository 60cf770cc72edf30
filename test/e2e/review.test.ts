/**
 * @file A review session in one window on the real server: an owner sets it up, two readers read by keyboard alone, sign, have
 * the model revealed and revise, an adjudicator settles, the owner makes labels of it that a teacher learns. Each test goes on where the one before ended.
 */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

/** Twenty films, and a ViT-Tiny of one epoch on ten of them. */
const SETUP_MS = 240_000;
const TEST_MS = 180_000;
const FILMS = 4;
const OWNER = { name: 'Olga', pin: '190512' };
const ANA = { name: 'Ana', pin: '2468' };
const BEN = { name: 'Ben', pin: '1357' };
const JUDGE = { name: 'Carla', pin: '8642' };

let window: AppWindow;
beforeAll(async () => {
  window = await openWindow();
});
afterAll(() => window.close());
inOrder();

const press = async (...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await window.page.keyboard.press(key);
};
/** Nothing has the focus: keys go to the page. */
const leaveControls = (): Promise<unknown> => window.page.evaluate('document.activeElement.blur()');

/** No sideways scrolling from 1024 to 3840 pixels, no serious finding of axe in dark, light and at 4K; pictures of each. */
async function looksRight(name: string): Promise<void> {
  const { page } = window;
  const sized = async (width: number, height: number): Promise<void> => {
    await page.setViewportSize({ width, height });
    const widest = (): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth');
    await expect.poll(widest, PATIENCE).toBe(width);
  };
  const looked = async (how: string): Promise<void> => {
    expect(await seriousViolations(page), `${name}, ${how}`).toEqual([]);
    await window.picture(`review-${name}-${how}`);
  };
  await page.mouse.move(1, 1);
  await sized(1024, 700);
  await sized(3840, 2160);
  await looked('4k');
  await sized(1366, 768);
  await page.evaluate(`document.documentElement.dataset.theme = 'light'`);
  await looked('light');
  await page.evaluate(`document.documentElement.dataset.theme = 'dark'`);
  await looked('dark');
}

async function signIn({ name, pin }: { name: string; pin: string }): Promise<void> {
  const { page } = window;
  await goTo(page, 'Review');
  const out = page.getByRole('button', { name: 'Change reader' });
  const tile = page.getByRole('button', { name: new RegExp(`^${name}`) });
  await out.or(tile).first().waitFor();
  if ((await out.count()) > 0) await out.click();
  await tile.focus();
  await press('Enter');
  // the field of the PIN has the focus by itself
  await expect
    .poll(() => page.evaluate<string>('document.activeElement.labels?.[0]?.textContent'), PATIENCE)
    .toBe(`PIN of ${name}`);
  await page.keyboard.type(pin);
  await press('Enter');
  await out.waitFor();
}

async function openSession(): Promise<void> {
  const link = window.page.getByRole('link', { name: 'Spring round' });
  await link.waitFor();
  await link.focus();
  await press('Enter');
  await window.page.getByRole('heading', { name: 'Spring round' }).waitFor();
}

const panel = (): Locator => window.page.getByRole('complementary', { name: 'Reading' });
const film = async (number: number): Promise<void> => {
  await panel().getByText(`Film ${number} of ${FILMS}`).waitFor();
  await expect.poll(() => window.page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
};
const rectangle = (): Locator => window.page.locator('[data-shape="rectangle"]');
const saved = (): Locator => panel().getByText(/^Saved \d\d:\d\d:\d\d$/);

it('has films with labels and a trained model', { timeout: SETUP_MS }, async () => {
  const host = await connectLoopback(window.spareUrl);
  const { client } = host;
  try {
    const { dir, labels } = smallFilmFolder();
    const { importId } = await client.library.import({ paths: [dir], labels });
    for await (const { state } of await client.library.watchImport({ importId })) {
      if (state !== 'running') break;
    }
    const recipe = { epochs: 1, batchSize: 8 };
    const { runId } = await client.training.start({
      name: 'Teacher of the clinic',
      method: 'teacher',
      model: 'tiny',
      resolution: 224,
      recipe,
    });
    await expect
      .poll(async () => (await client.training.run({ runId })).state, { timeout: SETUP_MS, interval: 500 })
      .toBe('finished');
  } finally {
    host.close();
  }
});

it('asks for an owner first, who adds readers with PINs of their own', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Review');
  await page.getByLabel('Your name').fill(OWNER.name);
  await page.getByLabel('PIN', { exact: true }).fill(OWNER.pin);
  await page.getByLabel('PIN once more').fill('000000');
  await page.getByText('The two differ.').waitFor();
  expect(await page.getByRole('button', { name: 'Become the owner' }).isDisabled()).toBe(true);
  await looksRight('1-first');
  await page.getByLabel('PIN once more').fill(OWNER.pin);
  await press('Enter');
  await page.getByText('No review session yet').waitFor();
  for (const [{ name, pin }, role] of [
    [ANA, 'Reader'],
    [BEN, 'Reader'],
    [JUDGE, 'Adjudicator'],
  ] as const) {
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByLabel('Role').click();
    await page.getByRole('option', { name: role }).click();
    await page.getByLabel('First PIN').fill(pin);
    await page.getByRole('button', { name: 'Add reader' }).click();
    await page.getByText(`${name} can sign in now.`).waitFor();
  }
  await looksRight('2-readers');
  // A name that was mistyped, and somebody who leaves and comes back.
  for (const [from, to] of [
    [JUDGE.name, 'Jo the second'],
    ['Jo the second', JUDGE.name],
  ] as const) {
    await page.getByRole('button', { name: `Change ${from}`, exact: true }).click();
    await page.getByRole('textbox', { name: 'Name' }).first().fill(to);
    if (to !== JUDGE.name) await looksRight('2-readers-change');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText(`${to} is kept as adjudicator.`).waitFor();
  }
  await page.getByRole('button', { name: `Change ${BEN.name}`, exact: true }).click();
  await page.getByRole('button', { name: 'Retire…' }).click();
  await page.getByRole('button', { name: 'Retire', exact: true }).click();
  await page.getByText(`${BEN.name} cannot sign in any more. What was read stays.`).waitFor();
  await page.getByRole('button', { name: `Change ${BEN.name}`, exact: true }).click();
  await page.getByLabel(`New PIN of ${BEN.name}`).fill(BEN.pin);
  await page.getByRole('button', { name: 'Set PIN' }).click();
  await page.getByText('The PIN is changed.').waitFor();
});

it(
  'sets a session up: films, readers, questions, blinding, model, time, seed',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await page.getByRole('button', { name: 'New session' }).first().click();
    await page.getByRole('button', { name: 'Choose readers' }).waitFor();
    for (const { name } of [ANA, BEN]) await page.getByRole('checkbox', { name }).click();
    await page.getByRole('button', { name: 'Add a question' }).click();
    await page.getByRole('button', { name: 'Complete the questions' }).waitFor();
    await page.getByRole('textbox', { name: 'Question 4', exact: true }).fill('Is a tube in sight?');
    await page.getByRole('button', { name: 'Question 4 up' }).click();
    await page.getByRole('checkbox', { name: 'Needed to sign' }).nth(2).click();
    await page.getByRole('radio', { name: 'After the first read' }).click();
    await page.getByLabel('Whose findings are shown').click();
    await page.getByRole('option', { name: /Teacher of the clinic/ }).click();
    await page.getByRole('checkbox', { name: 'Count the time of each film' }).click();
    await page.getByRole('radio', { name: 'Drawn at random' }).click();
    await page.getByLabel('Films to draw').fill(String(FILMS));
    await page.getByText(`2 readers × ${FILMS} films = ${2 * FILMS} reads.`).waitFor();
    await page.getByRole('textbox', { name: 'Name of the session' }).fill('Spring round');
    await looksRight('3-new');
    await page.getByRole('button', { name: 'Start the session' }).click();
    await page.getByRole('heading', { name: 'Spring round' }).waitFor();
    await page.getByRole('tab', { name: 'Plan' }).click();
    await page.getByText('Shown after the first read is signed').waitFor();
    for (const name of ['Autumn round', 'Spring round']) {
      await page.getByRole('button', { name: 'Rename the session' }).click();
      await page.getByRole('textbox', { name: 'Name of the session' }).fill(name);
      await press('Enter');
      await page.getByRole('heading', { name }).waitFor();
    }
    await looksRight('4-plan');
  },
);

it('keeps out who has the wrong PIN, and shows a reader what is to do', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Review');
  await page.getByRole('button', { name: 'Change reader' }).click();
  await page.getByRole('button', { name: /^Ana/ }).click();
  await page.getByLabel('PIN of Ana').fill('0000');
  await press('Enter');
  await page.getByRole('alert').getByText('That is not the PIN of Ana').waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByLabel('PIN of Ana').fill(ANA.pin);
  await press('Enter');
  await page.getByRole('button', { name: 'Change reader' }).waitFor();
  await openSession();
  const table = page.getByRole('grid', { name: 'Films of the worklist' });
  expect(await page.getByRole('tab', { name: 'Agreement' }).count()).toBe(0);
  await expect.poll(() => table.getByText('To do', { exact: true }).count(), PATIENCE).toBe(FILMS);
  await looksRight('5-worklist');
});

it(
  'reads by keyboard alone, and a reload loses nothing that was said to be saved',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await page.getByRole('grid', { name: 'Films of the worklist' }).focus();
    await press('Home', 'Enter');
    await film(1);
    await leaveControls();
    // quality, normal or not, tube; the last one stays open
    await press('1');
    const good = panel().getByRole('button', { name: 'Good', exact: true });
    await expect.poll(() => good.getAttribute('aria-pressed'), PATIENCE).toBe('true');
    await press('Control+z');
    await expect.poll(() => good.getAttribute('aria-pressed'), PATIENCE).toBe('false');
    await press('Control+Shift+z', '2', '2');
    await press('s', 'Enter');
    await rectangle().waitFor();
    await press('c', 'c', 'o');
    await page.keyboard.type('Old scar');
    await press('Escape', 'k');
    // the key image and the note are taken back and done again by the same keys, each kept as a version; the mask stays
    const [note, noKey] = [
      page.getByRole('textbox', { name: 'Note' }),
      page.getByRole('button', { name: 'Key image', exact: true }),
    ];
    await press('m');
    await page.getByText('Identity masked').waitFor();
    await press('Control+z');
    await noKey.waitFor();
    expect(await page.getByText('Identity masked').count()).toBe(1);
    await press('m', 'Control+z');
    await expect.poll(() => note.inputValue(), PATIENCE).toBe('');
    await saved().waitFor();
    await press('Control+Shift+z');
    await expect.poll(() => note.inputValue(), PATIENCE).toBe('Old scar');
    await press('Control+Shift+z');
    await page.getByRole('button', { name: 'Key image: no more' }).waitFor();
    await saved().waitFor();
    expect(await panel().getByText('Saving…').count()).toBe(0);
    await page.reload();
    await film(1);
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Note' }).inputValue(), PATIENCE)
      .toBe('Old scar');
    for (const name of ['Good', 'Abnormal', 'No']) {
      const answer = panel().getByRole('button', { name, exact: true });
      await expect.poll(() => answer.getAttribute('aria-pressed'), PATIENCE).toBe('true');
    }
    await expect
      .poll(() => rectangle().getAttribute('aria-label'), PATIENCE)
      .toMatch(/^Rectangle, .* · low$/);
    await page.getByRole('button', { name: 'Key image: no more' }).waitFor();

    // a signature waits for what is needed
    await leaveControls();
    await press('Control+Enter');
    await panel().getByText('1 answer still needed').waitFor();
    await looksRight('6-reading');
    await press('4', 'Control+Enter');
    await panel().getByText('Signed, reveal next').waitFor();
    expect(await panel().getByText('Hidden until the first read is signed').count()).toBe(1);
    await window.picture('review-7-signed');
  },
);

it(
  'reveals the model, takes verdicts, signs the revision and keeps every version',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await press('v');
    const model = page.getByRole('region', { name: 'Findings of the model' });
    await model.getByText(/Teacher of the clinic/).waitFor();
    const accept = model.getByRole('button', { name: /^Accept: / });
    expect(await accept.count()).toBeGreaterThan(0);
    await press('a');
    await expect.poll(() => accept.first().getAttribute('aria-pressed'), PATIENCE).toBe('true');
    await press('Control+z');
    await expect.poll(() => accept.first().getAttribute('aria-pressed'), PATIENCE).toBe('false');
    await press('Control+Shift+z');
    await expect.poll(() => accept.first().getAttribute('aria-pressed'), PATIENCE).toBe('true');
    // the same key again takes it back: a one-epoch model is not believed
    await press('PageUp', 'a');
    await expect.poll(() => accept.first().getAttribute('aria-pressed'), PATIENCE).toBe('false');
    await press('d');
    await expect
      .poll(() => model.getByRole('button', { name: /^Edit/ }).first().getAttribute('aria-pressed'), PATIENCE)
      .toBe('true');
    await press('e', 'Enter', 'n');
    await page.keyboard.type('Smaller than that');
    await press('Escape');
    await saved().waitFor();
    await looksRight('8-revealed');
    await press('Control+Enter');
    await panel().getByText('Revised', { exact: true }).waitFor();
    await page.getByText(/^Versions/).click();
    for (const step of ['First read signed', 'Model shown', 'Revised read signed'])
      await panel()
        .getByRole('button', { name: new RegExp(step) })
        .waitFor();
    await panel()
      .getByRole('button', { name: /First read signed/ })
      .click();
    await panel().getByText('Nothing else was said').waitFor();
    await panel()
      .getByRole('button', { name: /^1 .* Reading$/ })
      .click();
    await panel()
      .getByText(/Is the film good enough to read\? Good/)
      .waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('review-9-versions');
    await leaveControls();
    await press('?');
    await page.getByRole('heading', { name: 'Keys and mouse' }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('review-10-keys');
    await press('?');
  },
);

/** Reads and revises films to the end of the list: answers by turns, a mark where the film is called abnormal. */
async function readOn(from: number, answers: readonly (readonly string[])[]): Promise<void> {
  for (let number = from; number <= FILMS; number++) {
    await film(number);
    await leaveControls();
    const keys = answers[number % answers.length] ?? [];
    await press(...keys);
    if (keys[1] === '2') {
      await press('s', 'Enter');
      await rectangle().waitFor();
    }
    await press('Control+Enter');
    await panel().getByText('Signed, reveal next').waitFor();
    await press('v');
    await panel().getByText('Model seen').waitFor();
    await press('Control+Enter');
    await panel().getByText('Revised', { exact: true }).waitFor();
    await press('u');
  }
  await window.page.getByText('All films are done').waitFor();
}

it(
  'goes from film to film until all are done, for each of two readers',
  { timeout: 2 * TEST_MS },
  async () => {
    const { page } = window;
    await press('u');
    await readOn(2, [
      ['1', '1', '2', '1'],
      ['2', '2', '2', '5'],
    ]);
    await looksRight('11-done');
    await page.getByRole('tab', { name: 'Key images' }).click();
    await page.getByText('Old scar').waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await window.picture('review-12-key-images');

    await signIn(BEN);
    await openSession();
    await page.getByRole('button', { name: 'Begin reading' }).click();
    await readOn(1, [
      ['1', '1', '2', '2'],
      ['1', '2', '2', '4'],
      ['1', '1', '2', '1'],
    ]);
  },
);

it(
  'shows how far readers agree, with intervals and what the figures cannot say',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await signIn(JUDGE);
    await openSession();
    await page.getByRole('tab', { name: 'Agreement' }).click();
    const questions = page.getByRole('table', { name: 'Agreement on questions' });
    const certainty = questions.getByRole('row', { name: /^How likely is disease/ });
    await certainty.getByText('Ana – Ben').waitFor();
    await certainty.getByText('weighted').waitFor();
    expect(await certainty.textContent()).toMatch(/-?\.\d\d \(-?(?:\.\d\d|1\.00)–-?(?:\.\d\d|1\.00)\)/);
    await page.getByText(`These are ${FILMS} films of ${FILMS} patients.`).waitFor();
    const findings = page.getByRole('table', { name: 'Agreement on findings' });
    expect(await findings.getByText(/^\d \+ \d \+ \d$/).count()).toBeGreaterThan(0);
    await page.getByRole('table', { name: 'Readers without and with the model' }).waitFor();
    await looksRight('13-agreement');
    await page.getByRole('radio', { name: 'Revised, with the model' }).click();
    await certainty.getByText('Ana – Ben').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    expect((await download).suggestedFilename()).toBe('Spring round agreement.csv');
  },
);

it(
  'settles what they disagree on: one read accepted, one put together, with reasons',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await page.getByRole('tab', { name: 'Adjudication' }).click();
    const settle = page.getByRole('button', { name: /^Settle [1-9]/ });
    await settle.waitFor();
    await looksRight('14-to-settle');
    await settle.click();
    const table = page.getByRole('table', { name: 'Reads side by side' });
    await table.waitFor();
    await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(3);
    await looksRight('15-side-by-side');
    const decide = page.getByRole('button', { name: 'Settle the film' });
    expect(await decide.isDisabled()).toBe(true);
    await leaveControls();
    await press('1', 'o');
    await page.keyboard.type('Seen on the film.');
    await page.getByRole('button', { name: 'Accept the read of Ana' }).waitFor();
    await press('Control+Enter');
    await page.getByText('Read of Ana accepted').waitFor();
    const settledUrl = page.url();

    await press('u');
    await expect.poll(() => page.url(), PATIENCE).not.toBe(settledUrl);
    await table.waitFor();
    // each open row is decided in turn, by keyboard
    for (let open = await stillOpen(); open > 0; open = await stillOpen()) {
      const row = table.getByRole('row').filter({ has: page.getByRole('combobox', { name: /: open$/ }) });
      await row.first().getByRole('button').last().focus();
      await press('Enter');
      await expect.poll(stillOpen, PATIENCE).toBeLessThan(open);
    }
    // a mark of the adjudicator's own, by keyboard; it is there again after a reload
    await leaveControls();
    const marks = page.getByRole('region', { name: 'Marks of the decision' });
    const own = marks.getByRole('button', { name: /yours · Ellipse/ });
    await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(3);
    await press('e', 'Enter');
    await own.waitFor();
    await table.getByText('1 mark of yours').waitFor();
    await press('Escape', 'c');
    await marks.getByRole('button', { name: /yours · Ellipse · Guess/ }).waitFor();
    await press('Control+z', 'Control+z');
    await expect.poll(() => own.count(), PATIENCE).toBe(0);
    await press('Control+Shift+z', 'Control+Shift+z');
    await marks.getByRole('button', { name: /yours · Ellipse · Guess/ }).waitFor();
    await page.getByText(/^Saved \d\d:\d\d:\d\d$/).waitFor();
    await looksRight('16-drawn');
    await page.reload();
    await marks.getByRole('button', { name: /yours · Ellipse · Guess/ }).waitFor();
    expect(await stillOpen()).toBe(0);
    await leaveControls();
    await press('o');
    await page.keyboard.type('Both looked, Ben saw more.');
    await press('Control+Enter');
    await page.getByText('Put together').waitFor();
    await page.getByText('Adjudicator’s own: 1 mark drawn or changed').waitFor();
    await looksRight('16-settled');

    await press('q');
    await page.getByRole('radio', { name: 'Settled 2' }).waitFor();
    // the reads themselves are as they were signed
    await page.getByRole('tab', { name: 'Agreement' }).click();
    await page.getByText('Signed: Ana 4, Ben 4').waitFor();
    await page.getByText('Settled: 1 accepted, 1 put together, 1 with what no reader had said').waitFor();
    await page.getByRole('combobox', { name: /^Measured by/ }).click();
    await page.getByRole('option', { name: 'Against what was settled' }).click();
    // two films are settled: no reader can be measured by more
    const effects = page.getByRole('table', { name: 'Readers without and with the model' });
    await expect.poll(() => effects.getByRole('cell', { name: '4', exact: true }).count(), PATIENCE).toBe(0);
    expect(await effects.getByRole('row').count()).toBeGreaterThan(1);
    expect(window.problems).toEqual([]);
  },
);

it(
  'makes a label version of what was read and settled, which a teacher learns and records',
  { timeout: SETUP_MS + TEST_MS },
  async () => {
    const { page } = window;
    expect(await page.getByRole('tab', { name: 'Labels' }).count()).toBe(0);
    await signIn(OWNER);
    await openSession();
    await page.getByRole('tab', { name: 'Labels' }).click();
    const table = page.getByRole('table', { name: 'Labels that the version would hold' });
    await table.waitFor();
    await page.getByText(`${FILMS} of ${FILMS} films, 2 of them settled`).waitFor();
    // three readers are not there: a mistake is told where it is made
    const least = page.getByRole('textbox', { name: 'Fewest readers who signed' });
    await least.fill('3');
    await page.getByText('From 1 to 2').waitFor();
    expect(await page.getByRole('button', { name: 'Correct the readers' }).isDisabled()).toBe(true);
    await least.fill('2');
    await page.getByRole('combobox', { name: /^Normal or abnormal/ }).click();
    await page.getByRole('option', { name: 'Is the film normal?' }).click();
    await page.getByRole('checkbox', { name: 'Abnormal' }).click();
    const t2 = table.getByRole('row', { name: /^Abnormal/ });
    await t2.waitFor();
    await page.getByRole('radio', { name: 'More than half' }).click();
    await page.getByLabel('Name of the version').fill('Spring labels');
    await looksRight('17-labels');
    await page.getByRole('button', { name: 'Make the label version' }).click();
    await page.getByText('“Spring labels” is kept.').waitFor();
    const made = page.getByRole('list', { name: 'Label versions of this session' });
    await made.getByText('Spring labels').waitFor();
    await page.getByLabel('Name of the version').fill('SPRING labels');
    await page.getByText('There is a version of this name.').waitFor();
    await looksRight('18-labels-made');

    await made.getByRole('link', { name: 'Plan a study' }).click();
    await page.getByRole('combobox', { name: 'Labels: Spring labels' }).waitFor();
    await looksRight('19-study');
    await page.goBack();
    await made.getByRole('link', { name: 'Train a teacher' }).click();
    await page.getByRole('combobox', { name: 'Labels: Spring labels' }).waitFor();
    await page.getByRole('radio', { name: 'Quick look' }).click();
    await page.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
    await page.getByRole('textbox', { name: 'Batch', exact: true }).fill('8');
    await page.getByRole('textbox', { name: 'Name of the run' }).fill('Taught by readers');
    await looksRight('20-teacher');
    await page.getByRole('button', { name: 'Train teacher' }).click();
    const run = page.getByRole('region', { name: 'Run', exact: true });
    await run.getByRole('combobox', { name: 'Run: Taught by readers' }).waitFor();
    await run.getByText('Finished', { exact: true }).waitFor({ timeout: SETUP_MS });
    await run.getByText('“Spring labels”, of Spring round').waitFor();
    await looksRight('21-taught');
    expect(window.problems).toEqual([]);
  },
);

it('says at once that nothing is saved while there is no host', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await signIn(ANA);
  await openSession();
  const worklist = page.getByRole('grid', { name: 'Films of the worklist' });
  await worklist.getByText('Revised', { exact: true }).first().waitFor(); // its rows are there
  await worklist.focus();
  await press('Home', 'Enter');
  await film(1);
  await leaveControls();
  const again = panel().getByRole('button', { name: /^Revise once more/ });
  await expect.poll(() => again.isEnabled(), PATIENCE).toBe(true); // the read is there, and its keys with it
  await press('Shift+U');
  await panel().getByText('Revising', { exact: true }).first().waitFor();
  await saved().waitFor();
  await window.stopServer();
  await press('3');
  await panel()
    .getByText(/^Not saved: no connection/)
    .waitFor();
  expect(await saved().count()).toBe(0);
  await window.picture('review-22-no-host');
});

async function stillOpen(): Promise<number> {
  const words = await window.page.getByRole('status').filter({ hasText: 'still open' }).allTextContents();
  return Number(/^\d+/.exec(words[0] ?? '')?.[0] ?? 0);
}
