/**
 * @file The pages for when something is wrong: the doctor's lines and the support bundle, copies of the database made and gone back
 * to, the audit trail filtered, checked, saved, and found to be changed.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { strFromU8, unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';
import { inOrder } from './in-order.ts';
import { looksRight } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

/** The doctor's self-test loads the engine. */
const LONG = { timeout: 120_000 };
/** In names of films, folders, readers and splits, in headers and labels. */
const PIN = '190512';
const SECRETS = ['Zaphodia', 'Quagmire', 'MRN-4711', 'Nowhere', 'Oddname', 'Roundabout'];

let window: AppWindow;
let page: Page;
let client: ContractClient;
let disconnect: () => void;
beforeAll(async () => {
  window = await openWindow();
  page = window.page;
  const loopback = await connectLoopback(window.spareUrl);
  client = loopback.client;
  disconnect = () => loopback.close();
});
afterAll(async () => {
  disconnect();
  await window.close();
});
inOrder();

async function openTab(name: string): Promise<void> {
  await page.getByRole('tab', { name, exact: true }).click();
  await page.getByRole('tab', { name, exact: true, selected: true }).waitFor();
}
const expectNoSecret = (name: string, text: string): void => {
  const found = [...SECRETS, window.folder, hostname()].filter((one) =>
    text.toLowerCase().includes(one.toLowerCase()),
  );
  expect([name, found]).toEqual([name, []]);
};
/** Saves what a button gives. */
async function savedBy(button: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const download = page.waitForEvent('download', LONG);
  await page.getByRole('button', { name: button, exact: true }).click();
  const file = await download;
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}
async function importFilms(first: number, last: number): Promise<void> {
  const folder = join(window.folder, `Clinic of Nowhere ${first}`);
  mkdirSync(folder);
  const rows = ['file,patient,abnormal,Edema'];
  for (let at = first; at <= last; at += 1) {
    const patient = { patientName: 'Quagmire^Zaphodia', patientId: `MRN-4711-${at}`, sopUid: `1.2.3.${at}` };
    const name = `Zaphodia Quagmire ${at}.dcm`;
    writeFileSync(join(folder, name), tinyDicom({ ...patient, pixel: pattern(at) }));
    rows.push(`${name},Zaphodia ${at},${at % 2},${at % 2}`);
  }
  const labels = join(window.folder, `labels-${first}.csv`);
  writeFileSync(labels, rows.join('\n'));
  const { importId } = await client.library.import({ paths: [folder], labels });
  for await (const { error } of await client.library.watchImport({ importId })) expect(error).toBeNull();
}

it('has a library that names people everywhere', async () => {
  await importFilms(1, 12);
  await client.library.createSplit({ name: 'Roundabout split' });
  await client.readers.firstOwner({ name: 'Dr Oddname', pin: PIN });
  await goTo(page, 'Settings');
});

it('the doctor says in lines that can be read out how this computer and the library are', LONG, async () => {
  const lines = page.getByRole('listitem').filter({ has: page.locator('.number') });
  await lines.getByText('TensorFlow').waitFor(LONG);
  const texts = await lines.allTextContents();
  expect(texts.length).toBeGreaterThanOrEqual(11);
  for (const [index, text] of texts.entries()) {
    const words = text.trim().replace(/\s+/g, ' ');
    // A number to ask for, then words: no path, address, hash or timestamp that nobody can say.
    expect(words).toMatch(new RegExp(`^${index + 1} ?[A-Z]`));
    expect(words).not.toMatch(/[/\\@{}<>]|[0-9a-f]{12}|\d{4}-\d\d-\d\d|undefined|null|NaN/);
    expect(words.length).toBeLessThanOrEqual(90);
    expectNoSecret('a line', words);
  }
  for (const label of ['Chestlight', 'Engine', 'Device', 'Driver', 'Self-test', 'Memory', 'Disk', 'Library'])
    expect(texts.filter((text) => text.includes(label)).length, label).toBeGreaterThan(0);
  expect(texts.join()).toContain('12 films, 0 runs');
  expect(texts.join()).toMatch(/Self-test\s*passed/);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy as text' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(copied.split('\n')).toHaveLength(texts.length);
  expect(copied).toMatch(/^1\. Chestlight: .*\n2\. Engine: TensorFlow /);
  await looksRight(window, 'doctor-1-lines');
});

it('checks the library when asked, and the lines say so', async () => {
  await page.getByRole('button', { name: 'Check the library' }).click();
  await page.getByText(/^Nothing is wrong: \d+ files are as they were stored\.$/).waitFor(LONG);
  await page.getByText(/within the last day: nothing wrong in \d+ files/).waitFor(LONG);
});

it('repairs what can be made again, and says what it did', async () => {
  const damaged = readdirSync(join(window.folder, 'library'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('artifacts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => statSync(path).size === 224 * 224); // what a model sees of a film
  if (damaged === undefined) throw new Error('a film has a model image');
  chmodSync(damaged, 0o600);
  writeFileSync(damaged, 'x');
  await page.getByRole('button', { name: 'Check the library' }).click();
  await page.getByText('Some of this can be made again').waitFor(LONG);
  await looksRight(window, 'doctor-2-damaged');
  await page.getByRole('button', { name: 'Repair', exact: true }).click();
  await page.getByText('Sign in as owner (under Review) to repair the library').waitFor(LONG);
  await signIn();
  await openTab('Doctor');
  await page.getByRole('button', { name: 'Check the library' }).click();
  await page.getByRole('button', { name: 'Repair', exact: true }).click(LONG);
  await page.getByText('Repaired: 1 part of the library, made again.').waitFor(LONG);
  await page.getByText(/^Nothing is wrong/).waitFor(LONG);
  await goTo(page, 'Review');
  await page.getByRole('button', { name: 'Change reader' }).click();
  await goTo(page, 'Settings');
  await openTab('Doctor');
});

it('saves a support bundle that holds what helps and nobody’s name', async () => {
  const { name, bytes } = await savedBy('Save support bundle');
  expect(name).toBe('chestlight-support.zip');
  const entries = Object.entries(unzipSync(bytes)).map(([path, text]) => [path, strFromU8(text)] as const);
  for (const [path, text] of entries) expectNoSecret(path, `${path}\n${text}`);
  const texts = new Map(entries);
  expect([...texts.keys()]).toEqual(
    expect.arrayContaining(['README.txt', 'doctor.txt', 'logs/chestlight.log']),
  );
  expect(texts.get('doctor.txt')).toContain('12 films, 0 runs');
  expect(JSON.parse(texts.get('library.json') ?? '')).toMatchObject({ films: 12, patients: 12 });
});

const copyRows = (): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: /^Go back to/ }) });
/** By the owner, who may go back to a copy; then the page of the copies again. */
async function signIn(): Promise<void> {
  await goTo(page, 'Review');
  await page.getByRole('button', { name: /^Dr Oddname/ }).click();
  await page.keyboard.type(PIN);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Change reader' }).waitFor();
  await goTo(page, 'Settings');
  await openTab('Copies');
}
const now = (): Locator => page.getByRole('row', { name: /^Now/ });

it('makes a copy, says what going back means, goes back, and comes back again', async () => {
  await openTab('Copies');
  await now().getByText('12', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Copy now' }).click();
  await page.getByText('The copy is made.').waitFor();
  const made = await copyRows().count();
  expect(made).toBeGreaterThanOrEqual(1);
  await looksRight(window, 'copies-1-made');
  await importFilms(13, 15);
  await openTab('Doctor');
  await openTab('Copies');
  await now().getByText('15', { exact: true }).waitFor();
  const last = copyRows().first();
  expect(await last.textContent()).toMatch(/Copy\s*12/);
  await last.getByRole('button').click();
  const question = page.getByRole('alertdialog');
  await question.getByText('Not in this copy: 3 films that came since.').waitFor();
  await question.getByText('Every file that it points at is there.').waitFor();
  await looksRight(window, 'copies-2-question');
  await question.getByRole('button', { name: 'Keep' }).click();
  await expect.poll(() => question.count(), PATIENCE).toBe(0);
  await now().getByText('15', { exact: true }).waitFor();

  await last.getByRole('button').click();
  await question.getByRole('button', { name: 'Go back' }).click();
  await page
    .getByText('Sign in as owner (under Review) to go back to a copy. Nothing was changed.')
    .waitFor();
  await signIn();
  await last.getByRole('button').click();
  await question.getByRole('button', { name: 'Go back' }).click();
  await page.getByText(/^The library is as it was on /).waitFor(LONG);
  await now().getByText('12', { exact: true }).waitFor();
  const before = copyRows().filter({ hasText: 'State before going back' });
  expect(await before.textContent()).toContain('15');
  await looksRight(window, 'copies-3-back');
  await signIn(); // a sign-in ends with the library that was closed
  await before.getByRole('button').click();
  await question.getByText('Nothing that is in the library now is missing in this copy.').waitFor();
  await question.getByRole('button', { name: 'Go back' }).click();
  await now().getByText('15', { exact: true }).waitFor(LONG);
  await goTo(page, 'Library');
  await window.picture('copies-4-library');
  await page.getByText('15 films').first().waitFor();
});

it('hears of runs that start after going back, although their events are numbered anew', async () => {
  const start = async (name: string): Promise<RunId> => {
    const recipe = { epochs: 1000, batchSize: 4 };
    const asked = { name, method: 'teacher', model: 'tiny', resolution: 224, recipe } as const;
    const { runId } = await client.training.start(asked);
    await client.training.cancel({ runId });
    return runId;
  };
  await goTo(page, 'Teacher');
  const panel = page.getByRole('region', { name: 'Run', exact: true });
  const copy = await client.copies.make({});
  const early = await start('Before going back');
  // More events than what comes afterwards will have.
  for (let at = 1; at <= 60; at += 1)
    await client.training.rename({ runId: early, name: `Early, renamed ${at} times` });
  await panel.getByText('Early, renamed 60 times').first().waitFor();
  await panel.getByText('Cancelled').first().waitFor(LONG);

  const { readers } = await client.readers.list({});
  const { token } = await client.readers.signIn({ readerId: readers[0]?.id ?? '', pin: PIN });
  await client.copies.restore({ id: copy.id, token });
  await page.getByText('No teacher yet').waitFor(LONG);
  await start('After going back');
  await panel.getByText('After going back').first().waitFor();
  await panel.getByText('Cancelled').first().waitFor(LONG);
  await goTo(page, 'Settings');
});

it('lists who did what, by act, and gives the trail as a file that names nobody', async () => {
  await goTo(page, 'Settings');
  await openTab('Audit trail');
  await page.getByText('The trail is whole:').waitFor();
  const acts = page.getByRole('table').getByRole('row');
  const allActs = await acts.count();
  expect(allActs).toBeGreaterThan(5);
  await looksRight(window, 'trail-1-whole');
  await page.getByRole('combobox', { name: /^Which acts/ }).click();
  await page.getByRole('option', { name: /^import/ }).click();
  // the head and two imports
  await expect.poll(() => acts.count(), PATIENCE).toBe(3);
  for (const row of await acts.allTextContents()) expect(row).toMatch(/import|With what/);
  await looksRight(window, 'trail-2-imports');

  const head = (): Promise<string | null> => page.locator('.hash').textContent();
  const noted = await head();
  const json = await savedBy('JSON');
  const csv = await savedBy('CSV');
  const trail = JSON.parse(json.bytes.toString()) as {
    ok: boolean;
    head: string;
    trail: { seq: number; action: string }[];
  };
  expect(trail).toMatchObject({ ok: true, head: noted });
  // the act of taking the first file out is in the second
  expect(csv.bytes.toString().trim().split('\r\n')).toHaveLength(trail.trail.length + 2);
  for (const { name, bytes } of [json, csv]) {
    expect(name).toMatch(/^audit-trail-\d{4}-\d\d-\d\d\.(json|csv)$/);
    expectNoSecret(name, bytes.toString());
  }
  expect(trail.trail.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['open', 'import', 'split', 'export', 'restore']),
  );
  expect(json.bytes.toString()).toContain('support bundle');
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect.poll(head, PATIENCE).not.toBe(noted);
});

it('gives settings as a file for a second workstation, takes them back, refuses a newer one', async () => {
  await openTab('Look');
  const { name, bytes } = await savedBy('Save as a file');
  const text = bytes.toString();
  expectNoSecret(name, text);
  expect(JSON.parse(text)).toMatchObject({ theme: 'dark', library: { lockMinutes: 0, operatingPoints: [] } });
  const take = (content: string): Promise<void> => {
    const file = { name: 'settings.json', mimeType: 'application/json', buffer: Buffer.from(content) };
    return page.getByLabel('Settings file').setInputFiles(file);
  };
  await take(text.replace('settings 2', 'settings 3'));
  await page.getByText('The settings have version 3').waitFor();
  // The library has a reader, and nobody is signed in: nothing is taken, the theme neither.
  await take(text.replace('"dark"', '"light"'));
  await page.getByText('Sign in as owner').waitFor();
  await looksRight(window, 'settings-file-refused');
  await page.evaluate("document.documentElement.dataset.theme = 'dark'");
  await take('{"format":"chestlight settings 2","theme":"light"}');
  await page.getByText('The settings are taken over.').waitFor();
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('light');
  await looksRight(window, 'settings-file-taken');
  await take('{"format":"chestlight settings 2","theme":"dark"}');
  await openTab('Audit trail');
});

it('finds an entry that was changed behind its back', async () => {
  const db = new Database(join(window.folder, 'library', 'library.db'));
  db.exec("DROP TRIGGER audit_never_changes; UPDATE audit SET actor = 'nobody' WHERE seq = 3");
  db.close();
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.getByText('The trail was changed.').waitFor();
  await page.getByText(/From entry 3 on it is not what was written/).waitFor();
  await looksRight(window, 'trail-3-changed');
  expect(window.problems).toEqual([]);
});
