/**
 * @file The lock of the window on the real server: off until somebody has a PIN, by the button, after a minute without a touch, and when the
 * page is loaded again; only the right PIN opens it, and nothing of the page can be reached behind it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
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
