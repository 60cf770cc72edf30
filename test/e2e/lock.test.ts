/**
 * @file The lock of the window on the real server: off until somebody has a PIN, by the button, after a minute without a touch, and when the
 * page is loaded again; only the right PIN opens it, and nothing of the page can be reached behind it: no key, no question that was open, no
 * reading of somebody else.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { inOrder } from './in-order.ts';
import { looksRight } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const TEST_MS = 180_000;
const OWNER = { name: 'Olga', pin: '190512' };
const READER = { name: 'Ana', pin: '2468' };

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

const settings = async (): Promise<void> => {
  await goTo(window.page, 'Settings');
  await window.page.getByRole('tab', { name: 'Look', exact: true }).click();
};
const locked = () => window.page.getByRole('heading', { name: 'Chestlight is locked' });

/** By the keyboard, as somebody does who comes back. */
async function enter(name: string, pin: string): Promise<void> {
  const { page } = window;
  await page.getByRole('combobox', { name: 'Reader' }).click();
  await page.getByRole('option', { name }).click();
  await page.getByLabel('PIN', { exact: true }).fill(pin);
  await page.keyboard.press('Enter');
}

it('offers no lock until there is a way back in', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await settings();
  await page.getByText('Locking needs a reader with a PIN. Add one under Review first.').waitFor();
  expect(await page.getByRole('button', { name: 'Lock now' }).isDisabled()).toBe(true);
  const { token } = await host.client.readers.firstOwner(OWNER);
  await host.client.readers.add({ token, role: 'reader', ...READER });
});

it(
  'locks by the button, says what a wrong PIN is, and opens by the right one',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await page.reload();
    await settings();
    await page.getByRole('button', { name: 'Lock now' }).click();
    await locked().waitFor();
    await looksRight(window, 'lock-locked');
    // nothing behind it can be seen or reached, and the host says no as well
    expect(await page.getByRole('navigation', { name: 'Main' }).isVisible()).toBe(false);
    await expect(host.client.library.overview({})).rejects.toMatchObject({ code: 'LOCKED' });
    expect(await page.getByRole('button', { name: 'Unlock' }).isDisabled()).toBe(true);

    await enter(READER.name, '1111');
    await page.getByRole('alert').waitFor();
    await looksRight(window, 'lock-wrong-pin');
    expect(await locked().count()).toBe(1);
    expect(await page.getByLabel('PIN', { exact: true }).inputValue()).toBe('');
    await enter(READER.name, READER.pin);
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(await locked().count()).toBe(0);
    expect((await host.client.library.overview({})).films).toBe(0);
  },
);

it('locks when nobody touched the window for as long as an owner said', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await settings();
  await page.getByRole('combobox', { name: 'Lock when nobody touches the window' }).click();
  await page.getByRole('option', { name: 'After 1 minute', exact: true }).click();
  await page.getByLabel('PIN of the owner').fill(OWNER.pin);
  await looksRight(window, 'lock-settings');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(async () => (await host.client.lock.state({})).minutes, PATIENCE).toBe(1);
  // the last touch lies more than a minute back, and none follows
  await page.evaluate(`localStorage.setItem('chestlight:touched', String(Date.now() - 61_000))`);
  await locked().waitFor();
  expect((await host.client.lock.state({})).locked).toBe(true);
  // loaded again it is as shut as before
  await page.reload();
  await locked().waitFor();
  await enter(OWNER.name, OWNER.pin);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.getByRole('tab', { name: 'Look', exact: true, selected: true }).waitFor(); // where it was left
  const { entries } = await host.client.audit.list({ action: null, before: null, limit: 50 });
  const told = entries.map(({ action }) => action).filter((action) => /lock/.test(action));
  expect(told).toEqual(['unlock', 'lock', 'unlock', 'lock']);
  expect(window.problems.filter((problem) => !/LOCKED|423|403/.test(problem))).toEqual([]);
});

const atFocus = (): Promise<string | undefined> =>
  window.page.evaluate<string | undefined>('document.activeElement.labels?.[0]?.textContent');

/** A session of one film that both read, with questions that need no answer. @returns its id and its film */
async function startSession(): Promise<{ readonly reviewId: string; readonly filmId: string }> {
  const folder = join(window.folder, 'films');
  mkdirSync(folder);
  writeFileSync(join(folder, 'chest.dcm'), tinyDicom({ pixel: pattern(1) }));
  const { client } = host;
  const { importId } = await client.library.import({ paths: [folder] });
  for await (const { error } of await client.library.watchImport({ importId })) expect(error).toBeNull();
  const [film] = (await client.library.films({})).rows;
  const known = (await client.readers.list({})).readers;
  const idOf = (name: string): string => known.find((one) => one.name === name)?.id ?? '';
  const { token } = await client.readers.signIn({ readerId: idOf(OWNER.name), pin: OWNER.pin });
  const question = (id: string) => ({
    ...{
      id,
      text: `What of ${id}?`,
      answers: ['one', 'two', 'three', 'four'],
      ordered: false,
      required: false,
    },
  });
  const { id: reviewId } = await client.review.create({
    ...{ token, name: 'Round', readers: [idOf(OWNER.name), idOf(READER.name)], films: [film?.id ?? ''] },
    plan: {
      ...{ findings: ['Edema'], questions: [question('first'), question('second')], blinding: 'hidden' },
      ...{ runId: null, timed: false, seed: 1 },
    },
  });
  // From here on it locks when it is told to: a window hears of that too.
  await client.lock.setMinutes({ readerId: idOf(OWNER.name), pin: OWNER.pin, minutes: 0 });
  return { reviewId, filmId: film?.id ?? '' };
}
let session: Awaited<ReturnType<typeof startSession>>;

it(
  'lets no key through to a reading behind it, and gives the PIN the focus',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    session = await startSession();
    await goTo(page, 'Review');
    await page.getByRole('button', { name: new RegExp(`^${READER.name}`) }).click();
    await page.keyboard.type(READER.pin);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Change reader' }).waitFor();
    await page.evaluate(`location.hash = '#/read/${session.reviewId}/${session.filmId}'`);
    const reading = page.getByRole('complementary', { name: 'Reading' });
    await reading.getByText('What of first?').waitFor();

    // Locked from another window, and nobody touches a pointer: who was signed in types their PIN.
    await host.client.lock.lock({});
    await locked().waitFor();
    await expect.poll(atFocus, PATIENCE).toBe('PIN');
    await page.keyboard.press('Control+Enter');
    await page.evaluate('document.activeElement.blur()');
    for (const key of ['3', 'Control+Enter']) await page.keyboard.press(key);
    await page.getByLabel('PIN', { exact: true }).focus();
    await page.keyboard.type(READER.pin);
    await page.keyboard.press('Enter');
    await reading.getByText('What of first?').waitFor();
    await page.keyboard.press('1');
    await reading.getByText(/^Saved /).waitFor();
    const token = await page.evaluate<string>(`sessionStorage.getItem('chestlight:reader')`);
    const opened = await host.client.review.open({ token, ...session });
    expect(opened).toMatchObject({ stage: 'reading', content: { answers: { first: 0 } } });
  },
);

it('shows nobody the reading of another who was signed in', { timeout: TEST_MS }, async () => {
  const { page } = window;
  const token = await page.evaluate<string>(`sessionStorage.getItem('chestlight:reader')`);
  await host.client.lock.lock({});
  await locked().waitFor();
  await enter(OWNER.name, OWNER.pin);
  await page.getByText('Who is reading?').waitFor();
  await page.getByText('Your sign-in has ended.').waitFor();
  expect(await page.getByRole('complementary', { name: 'Reading' }).count()).toBe(0);
  expect(await page.evaluate(`sessionStorage.getItem('chestlight:reader')`)).toBeNull();
  await expect(host.client.review.open({ token, ...session })).rejects.toMatchObject({ code: 'SIGNED_OUT' });
});

it('takes away a question that was open, and the PIN can be typed', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await host.client.copies.make({});
  await goTo(page, 'Settings');
  await page.getByRole('tab', { name: 'Copies', exact: true }).click();
  await page
    .getByRole('button', { name: /^Go back to/ })
    .first()
    .click();
  const question = page.getByRole('alertdialog');
  await question.waitFor();
  await host.client.lock.lock({});
  await locked().waitFor();
  expect(await question.count()).toBe(0);
  await enter(READER.name, READER.pin);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  expect(await question.count()).toBe(0);
});

it(
  'closes a list that was open, and does not lock for ever by a clock that was wrong',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    await settings();
    const minutes = page.getByRole('combobox', { name: 'Lock when nobody touches the window' });
    await minutes.click();
    const list = page.getByRole('listbox');
    await list.waitFor();
    await host.client.lock.lock({});
    await locked().waitFor();
    expect(await list.count()).toBe(0);
    await enter(READER.name, READER.pin);
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    // An owner decides in another window that it locks; this one hears of it and looks at its touches from then on.
    const owner = (await host.client.readers.list({})).readers.find(({ name }) => name === OWNER.name);
    await host.client.lock.setMinutes({ readerId: owner?.id ?? '', pin: OWNER.pin, minutes: 60 });
    // An hour ahead, as a clock that was set back leaves it: from now on it counts as a touch of now.
    await page.evaluate(`localStorage.setItem('chestlight:touched', String(Date.now() + 3_600_000))`);
    const ahead = (): Promise<boolean> =>
      page.evaluate<boolean>(`Number(localStorage.getItem('chestlight:touched')) > Date.now()`);
    await expect.poll(ahead, PATIENCE).toBe(false);
  },
);
