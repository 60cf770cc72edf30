/**
 * @file Encryption in a real browser: a plain library is encrypted under Settings, its recovery key shown; started again the page asks for the
 * passphrase, says so when it is the wrong one, opens; and the encryption is taken off. No serious finding of axe.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { encryptionOf } from '../../main/services/library/encryption.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { seriousViolations } from './accessibility.ts';
import { inOrder } from './in-order.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const LONG = { timeout: 240_000 };
const SECRET = 'Lunge Herz Rippe Zwerchfell';

let window: AppWindow;
let url = '';
let shownFirst = '';
beforeAll(async () => {
  window = await openWindow();
});
afterAll(() => window.close());
inOrder();

async function looksRight(name: string): Promise<void> {
  const { page } = window;
  for (const width of [1024, 1366]) {
    await page.setViewportSize({ width, height: 768 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
  }
  for (const theme of ['light', 'dark']) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    expect(await seriousViolations(page), `${name}, ${theme}`).toEqual([]);
    await window.picture(`encryption-${name}-${theme}`);
  }
}

const state = (): string => encryptionOf(join(window.folder, 'library'));

async function openSettings(): Promise<void> {
  const { page } = window;
  await page.goto(`${new URL(page.url()).origin}/#settings/encryption`);
  await page.getByRole('heading', { name: 'Encryption' }).waitFor();
}

it('encrypts the library and shows its recovery key', LONG, async () => {
  const { page } = window;
  const films = join(window.folder, 'films');
  mkdirSync(films);
  writeFileSync(join(films, 'Kanarienvogel.dcm'), tinyDicom({ pixel: pattern(1) }));
  const host = await connectLoopback(window.spareUrl);
  const { importId } = await host.client.library.import({ paths: [films] });
  for await (const { error } of await host.client.library.watchImport({ importId })) expect(error).toBeNull();
  host.close();
  await openSettings();
  await looksRight('plain');
  await page.getByRole('button', { name: 'Encrypt…' }).click();
  const go = page.getByRole('button', { name: 'Encrypt the library' });
  await page.getByLabel('New passphrase', { exact: true }).fill(SECRET);
  await page.getByLabel('New passphrase again').fill(`${SECRET}s`);
  await page.getByText('The two are not the same.').waitFor();
  expect(await go.isDisabled()).toBe(true);
  await looksRight('form');
  await page.getByLabel('New passphrase again').fill(SECRET);
  await go.click();
  await page.getByText('The library is encrypted.', { exact: true }).waitFor();
  shownFirst = (await page.locator('.recovery-key .key').textContent()) ?? '';
  expect(shownFirst).toMatch(/^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
  expect(state()).toBe('encrypted');
  await looksRight('recovery-key');
});

it('asks for the passphrase when it is started again, and opens with it', LONG, async () => {
  url = await window.startAgain();
  const { page } = window;
  await page.goto(url);
  await page.getByRole('heading', { name: 'This library is encrypted' }).waitFor();
  await looksRight('shut');
  const field = page.getByLabel('Passphrase or recovery key');
  await field.fill('Lunge Herz Rippe');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('This is not the passphrase of this library.').waitFor();
  await field.fill(SECRET);
  await page.getByRole('button', { name: 'Open' }).click();
  // Nobody said that they have the key that was shown before: as after a power cut it may never have been seen.
  await page.getByRole('heading', { name: 'Keep this library’s recovery key' }).waitFor();
  await looksRight('recovery-asked');
  await page.getByLabel('Passphrase of the library').fill(SECRET);
  await page.getByRole('button', { name: 'Make a new recovery key' }).click();
  const key = (await page.locator('.recovery-key .key').textContent()) ?? '';
  expect(key).toMatch(/^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
  expect(key).not.toBe(shownFirst);
  await looksRight('recovery-again');
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.reload();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
});

it('keeps an export encrypted in the library, says so, and saves a copy that can be read', LONG, async () => {
  const { page } = window;
  await goTo(page, 'Export');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page
    .getByText('Kept in the library, encrypted. Save writes a copy that everybody can read')
    .waitFor();
  expect(await page.getByText('Saved in').count()).toBe(0);
  const download = page.waitForEvent('download');
  await page
    .getByRole('button', { name: /^Save / })
    .first()
    .click();
  expect(readFileSync(await (await download).path(), 'utf8')).toContain('Kanarienvogel');
  await page.setViewportSize({ width: 1366, height: 768 });
  await looksRight('export');
});

it('takes the encryption off', LONG, async () => {
  const { page } = window;
  await openSettings();
  await page.getByText('This library is encrypted.').waitFor();
  await page.getByRole('button', { name: 'Take off…' }).click();
  await page.getByLabel('Passphrase or recovery key').fill(SECRET);
  await page.getByRole('button', { name: 'Take the encryption off' }).click();
  await page.getByText('The library is not encrypted any more.').waitFor();
  await expect.poll(state, PATIENCE).toBe('plain');
});
