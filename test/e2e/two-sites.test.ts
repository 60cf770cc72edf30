/**
 * @file A session between two sites in a real browser: the package of another site on a stick, encrypted, with a wrong passphrase, cut
 * and changed on the way; opened with its films, read here, sent back, merged there, where both readers are compared.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { openParts, type AppParts } from '../../main/services/compose.ts';
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { runExport } from '../../main/services/exchange/export-job.ts';
import { mergePackage, viewPackage } from '../../main/services/exchange/package/package-service.ts';
import { exportRequest } from '../../shared/contract/exchange.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReviewId } from '../../shared/domain/ids.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { call, importAll, keptLog } from '../helpers/temp-library.ts';
import { inOrder } from './in-order.ts';
import { looksRight } from './looks.ts';
import { goTo, openWindow, PATIENCE, type AppWindow } from './window.ts';

const TEST_MS = 240_000;
const LONG = { timeout: 120_000 };
const SECRET = 'correct horse battery';
const OWNER = { name: 'Olga of here', pin: '190512' };
const FAR = { name: 'Ana of afar', pin: '4711' };
const NEAR = { name: 'Bo', pin: '2468' };
const PLAN = reviewPlan.parse({
  findings: ['Infiltration'],
  questions: [],
  blinding: 'hidden',
  runId: null,
  timed: false,
  seed: 1,
});

let window: AppWindow;
let afar: AppParts;
let reviewId: ReviewId;
let films: readonly FilmId[];
beforeAll(async () => {
  window = await openWindow();
  afar = await openParts({
    ...{ libraryDir: join(window.folder, 'afar'), host: 'browser', clock: Date },
    ...{ workerHost: createNodeWorkerHost(), log: keptLog() },
  });
}, TEST_MS);
afterAll(async () => {
  await afar.app.close();
  await window.close();
});
inOrder();

/** Of the other site, as a file on the stick. */
async function packedAfar(name: string, of: ReviewId, more: object): Promise<string> {
  const { files } = await runExport(
    {
      ...{ library: afar.library, predict: afar.inference.service.predict, clock: Date },
      score: () => Promise.reject(new Error('no scores are asked for')),
    },
    exportRequest.parse({ what: 'session', reviewId: of, ...more }),
    { folder: join(window.folder, name) },
    { signal: new AbortController().signal, report: () => undefined },
  );
  return files[0]?.path ?? '';
}

const openFile = (path: string): Promise<void> =>
  window.page.locator('input[accept=".chestlight"]').setInputFiles(path);

it('the other site sets a session up and reads two films', { timeout: TEST_MS }, async () => {
  const { dir, labels } = smallFilmFolder();
  await importAll(afar.library, { paths: [dir], labels });
  const { readers, review } = afar.app.services;
  const { token } = await readers.firstOwner(FAR, call);
  const { id } = await readers.add({ token, ...NEAR, role: 'reader' }, call);
  const me = (await readers.whoAmI({ token }, call))?.id as ReaderId;
  films = afar.library.store.films
    .names()
    .slice(0, 2)
    .map((film) => film.id);
  const begin = (name: string, of: readonly FilmId[]) =>
    review.create({ token, name, plan: PLAN, readers: [me, id as ReaderId], films: [...of] }, call);
  reviewId = (await begin('Two sites', films)).id as ReviewId;
  for (const [index, filmId] of films.entries()) {
    const content = { answers: {}, marks: [], verdicts: [], note: '', keyFrames: [], seconds: null };
    const at = { token, reviewId, filmId, id: `reading-00000000000${index + 1}` as never, after: 0 };
    await review.sign({ ...at, content }, call);
  }
});

it('a package that was changed, and a wrong passphrase, are named', { timeout: TEST_MS }, async () => {
  const { page } = window;
  const plain = await packedAfar('plain', reviewId, {});
  const bytes = readFileSync(plain);
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0xff;
  const changed = join(window.folder, 'changed.chestlight');
  writeFileSync(changed, bytes);
  await goTo(page, 'Review');
  await page.getByLabel('Your name').fill(OWNER.name);
  await page.getByLabel('PIN', { exact: true }).fill(OWNER.pin);
  await page.getByLabel('PIN once more').fill(OWNER.pin);
  await page.getByRole('button', { name: 'Become the owner' }).click();
  await page.getByText('No films to read yet').waitFor();
  await goTo(page, 'Export');
  await openFile(changed);
  await page
    .getByRole('alert')
    .getByText(/damaged|changed/)
    .first()
    .waitFor();
  await looksRight(window, 'two-sites-1-changed');
  await openFile(await packedAfar('stick', reviewId, { passphrase: SECRET, withFilms: true }));
  await page.getByLabel('Passphrase of the package').fill('wrong horse battery');
  await page.getByRole('button', { name: 'Decrypt' }).click();
  await page.getByRole('alert').getByText('That is not the passphrase of this package').waitFor();
  await looksRight(window, 'two-sites-2-passphrase');
});

it('it comes in with its films once its key was compared', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await page.getByLabel('Passphrase of the package').fill(SECRET);
  await page.getByRole('button', { name: 'Decrypt' }).click();
  await page.getByText('2: 0 here, 2 in the package, 0 missing').waitFor();
  const merge = page.getByRole('button', { name: 'Merge' });
  expect(await merge.isDisabled()).toBe(true);
  await page.getByRole('checkbox', { name: /I compared this key/ }).check();
  await looksRight(window, 'two-sites-3-opened');
  await merge.click();
  await page.getByText('“Two sites” is merged: 2 new versions').waitFor(LONG);
});

it('a reader of that session gets a PIN here, reads and signs', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Review');
  await page.getByRole('button', { name: `Change ${NEAR.name}`, exact: true }).click();
  await page.getByLabel(`New PIN of ${NEAR.name}`).fill(NEAR.pin);
  await page.getByRole('button', { name: 'Set PIN' }).click();
  await page.getByText('The PIN is changed.').waitFor();
  await page.getByRole('button', { name: 'Change reader' }).click();
  await page.getByRole('button', { name: new RegExp(`^${NEAR.name}`) }).click();
  await page.getByLabel(`PIN of ${NEAR.name}`).fill(NEAR.pin);
  await page.keyboard.press('Enter');
  const link = page.getByRole('link', { name: 'Two sites' });
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Begin reading' }).click();
  const panel = page.getByRole('complementary', { name: 'Reading' });
  for (let film = 1; film <= films.length; film += 1) {
    await panel.getByText(`Film ${film} of ${films.length}`).waitFor();
    await expect.poll(() => page.locator('[data-film^="film-"]').count(), PATIENCE).toBe(1);
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('Control+Enter');
    await panel.getByText('Signed', { exact: true }).waitFor();
    await page.keyboard.press('u');
  }
  await page.getByText('All films are done').waitFor();
  await looksRight(window, 'two-sites-4-read');
});

it('it goes back and is merged there: both readers are compared', { timeout: TEST_MS }, async () => {
  const { page } = window;
  await goTo(page, 'Review');
  await page.getByRole('button', { name: 'Change reader' }).click();
  await page.getByRole('button', { name: new RegExp(`^${OWNER.name}`) }).click();
  await page.getByLabel(`PIN of ${OWNER.name}`).fill(OWNER.pin);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Change reader' }).waitFor();
  await goTo(page, 'Export');
  await page.getByRole('radio', { name: /^Session package/ }).click();
  await page.getByRole('textbox', { name: 'Passphrase (optional)' }).fill(SECRET);
  const stick = join(window.folder, 'back');
  mkdirSync(stick);
  await page.getByLabel('Folder on this computer (optional)').fill(stick);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByText('Opened again from the disk and compared').waitFor(LONG);
  const [made = ''] = readdirSync(stick);
  const path = join(stick, made, 'Two-sites.chestlight');
  const { signer, versionsNew } = await viewPackage(afar.library, path, SECRET);
  expect(versionsNew).toBeGreaterThanOrEqual(films.length);
  const merged = await mergePackage(afar.library, path, {
    ...{ passphrase: SECRET, trust: signer.fingerprint, now: Date.now() },
  });
  expect(merged).toMatchObject({ versionsAdded: versionsNew, readTwice: [], filmsMissing: [] });
  const again = await mergePackage(afar.library, path, { passphrase: SECRET, trust: null, now: Date.now() });
  expect(again.versionsAdded).toBe(0);
  const { readers, review } = afar.app.services;
  const far = afar.library.store.readers.all().find(({ name }) => name === FAR.name);
  const { token } = await readers.signIn({ readerId: far?.id as ReaderId, pin: FAR.pin }, call);
  const report = await review.agreement(
    { token, reviewId, phase: 'first', leastIou: 0.5, reference: 'none' },
    call,
  );
  expect(report.signed).toEqual([films.length, films.length]);
});

it(
  'a session whose films are missing comes in and says which cannot be read',
  { timeout: TEST_MS },
  async () => {
    const { page } = window;
    const { readers, review } = afar.app.services;
    const far = afar.library.store.readers.all().find(({ name }) => name === FAR.name);
    const { token } = await readers.signIn({ readerId: far?.id as ReaderId, pin: FAR.pin }, call);
    const other = afar.library.store.films
      .names()
      .slice(5, 7)
      .map((film) => film.id);
    const { id } = await review.create(
      { token, name: 'Films left behind', plan: PLAN, readers: [far?.id as ReaderId], films: other },
      call,
    );
    await openFile(await packedAfar('without', id as ReviewId, {}));
    await page.getByText('2: 0 here, 0 in the package, 2 missing').waitFor();
    await page.getByRole('button', { name: 'Merge' }).click();
    await page.getByText(/2 films of the session are not in this library/).waitFor();
    await page.getByRole('button', { name: 'Accept afar no more' }).waitFor();
    await looksRight(window, 'two-sites-5-missing');
    // who is accepted no more has to be compared again
    await page.getByRole('button', { name: 'Accept afar no more' }).click();
    await page.getByText('Accepted signers').waitFor({ state: 'detached' });
    await openFile(await packedAfar('once-more', id as ReviewId, {}));
    await page.getByRole('checkbox', { name: /I compared this key/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Merge' }).isDisabled()).toBe(true);
    await expect.poll(() => window.problems, PATIENCE).toEqual([]);
  },
);
