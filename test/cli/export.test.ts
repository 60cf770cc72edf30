/** @file `export` as a person runs it: JSON fields, exit codes, nothing replaced without `--force`, told in the audit trail. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import type { ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { PLAN, said } from '../services/review/review-desk.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { runCli } from '../helpers/cli-process.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';

it('writes files, names them with their SHA-256, and refuses to replace them', async () => {
  const { library, dir } = await tempLibrary();
  const { dir: films, labels } = smallFilmFolder();
  await importAll(library, { paths: [films], labels });
  await library.close();
  const out = join(tempFolder(), 'out');
  const args = ['export', '--library', dir, '--what', 'annotations', '--format', 'vindr', '--out', out];
  const done = await runCli(args);
  expect(done).toMatchObject({ status: 0, json: { films: 20 } });
  const { files } = done.json as { files: { path: string; sha256: string }[] };
  expect(files.map(({ path }) => path)).toEqual([
    join(out, 'image_labels.csv'),
    join(out, 'annotations.csv'),
  ]);
  for (const { path, sha256 } of files) {
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256);
  }
  expect(await runCli(args)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
  expect(await runCli([...args, '--force'])).toMatchObject({ status: 0 });
  const { trail } = (await runCli(['audit', '--library', dir])).json as {
    trail: { action: string; detail: object }[];
  };
  const told = trail.filter(({ action }) => action === 'export');
  expect(told.map(({ detail }) => detail)).toEqual([
    { what: 'annotations', format: 'vindr' },
    { what: 'annotations', format: 'vindr' },
  ]);
});

it.each([
  [['--what', 'films', '--out', 'x'], /--what takes annotations/],
  [['--what', 'annotations'], /--out DIR/],
  [['--what', 'annotations', '--format', 'xls', '--out', 'x'], /--format takes csv/],
  [['--what', 'annotations', '--review', '../x', '--out', 'x'], /named by its id/],
])('refuses %j', async (args, words) => {
  const { status, json } = await runCli(['export', '--library', join(tempFolder(), 'none'), ...args]);
  expect(status).toBe(2);
  expect((json as { error: { message: string } }).error.message).toMatch(words);
});

it('sends a session to another library and takes it in once its signer is accepted', async () => {
  const [a, b] = [await withSession(), await tempLibrary()];
  await b.library.close();
  const stick = tempFolder();
  writeFileSync(join(stick, 'secret'), 'correct horse battery\n');
  const secret = ['--passphrase-file', join(stick, 'secret')];
  const out = join(stick, 'out');
  const args = [
    'export',
    '--library',
    a,
    '--what',
    'session',
    '--review',
    'review-000000000001',
    '--out',
    out,
  ];
  const { json } = await runCli([...args, ...secret]);
  const path = (json as { files: { path: string }[] }).files[0]?.path ?? '';
  const shown = (await runCli(['session', 'show', path, '--library', b.dir, ...secret])).json as {
    signer: { fingerprint: string; isKnown: boolean };
  };
  expect(shown).toMatchObject({ name: 'Round', encrypted: true, versionsNew: 1, signer: { isKnown: false } });
  const key = (await runCli(['session', 'key', '--library', a])).json as { fingerprint: string };
  expect(key.fingerprint).toBe(shown.signer.fingerprint);
  const merge = ['session', 'merge', path, '--library', b.dir, ...secret];
  expect(await runCli(merge)).toMatchObject({ status: 2, json: { error: { code: 'NOT_ALLOWED' } } });
  const merged = await runCli([...merge, '--trust', key.fingerprint]);
  expect(merged).toMatchObject({ status: 0, json: { versionsAdded: 1, isNewReview: true } });
  expect(await runCli(merge)).toMatchObject({ status: 0, json: { versionsAdded: 0, versionsKnown: 1 } });
});

/** @returns the folder of a library with a session of one film that Amina has begun */
async function withSession(): Promise<string> {
  const { library, dir } = await tempLibrary();
  const { store } = library;
  const [filmId] = addFilms(store, [{ patient: 1 }]);
  if (filmId === undefined) throw new Error('no film');
  const readerId = 'reader-000000000001' as ReaderId;
  const reviewId = 'review-000000000001' as ReviewId;
  store.readers.add({ id: readerId, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  store.reviews.begin(
    { id: reviewId, name: 'Round', plan: PLAN, createdAt: 1 },
    new Map([[readerId, [filmId]]]),
  );
  const id = 'reading-000000000001' as ReadingId;
  store.reviews.append({
    id,
    reviewId,
    readerId,
    filmId,
    stage: 'reading',
    content: said({ answers: { quality: 1 } }),
    createdAt: 1,
    after: 0,
  });
  await library.close();
  return dir;
}
