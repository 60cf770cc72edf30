/** @file `export` as a person runs it: JSON fields, exit codes, nothing replaced without `--force`, told in the audit trail. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

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
