/** @file `deidentify` as a child process: file to file, folder to folder, what it refuses, and that it names nobody. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';

import { runCli } from '../helpers/cli-process.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-deidentify-'));
afterAll(() => rmSync(folder, { recursive: true }));
const FIXTURES = new URL('../fixtures/deidentify/', import.meta.url);

interface Answer {
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string;
    readonly methods: readonly string[];
  }[];
  readonly skipped: readonly { readonly file: string; readonly code: string }[];
  readonly actions: readonly { readonly tag: string; readonly treatment: string; readonly count: number }[];
}

it('writes one film, says what it did without a value, and never overwrites unasked', async () => {
  const source = join(folder, 'one.dcm');
  const out = join(folder, 'out.dcm');
  copyFileSync(new URL('name-utf8.dcm', FIXTURES), source);
  const { status, json, stderr } = await runCli(['deidentify', source, out, '--shift-dates']);
  expect(status).toBe(0);
  const answer = json as Answer;
  const bytes = readFileSync(out);
  expect(answer.files).toEqual([
    { path: out, sha256: createHash('sha256').update(bytes).digest('hex'), methods: ['113100', '113107'] },
  ]);
  expect(answer.actions).toContainEqual(
    expect.objectContaining({ tag: '(0008,0020)', treatment: 'moved', count: 1 }),
  );
  for (const text of ["O'Connor", 'Siobhán', 'MRN-utf8', '20190203']) {
    expect(bytes.includes(Buffer.from(text))).toBe(false);
    expect(JSON.stringify(json) + stderr).not.toContain(text);
  }
  expect(await runCli(['deidentify', source, out])).toMatchObject({
    status: 2,
    json: { error: { code: 'CONFLICT' } },
  });
  expect((await runCli(['deidentify', source, out, '--force'])).status).toBe(0);
  // No folder can be made under a file.
  const below = await runCli(['deidentify', source, join(out, 'in', 'film.dcm')]);
  expect(below).toMatchObject({ status: 2, json: { error: { detail: { folder: join(out, 'in') } } } });
});

it('takes a folder: patients as codes, the same under the same key, broken files left out by name', async () => {
  const source = join(folder, 'in');
  mkdirSync(join(source, 'deep'), { recursive: true });
  for (const [index, name] of ['a', 'b'].entries()) {
    const film = {
      patientId: 'MRN 77',
      patientName: 'Doe^Jane',
      sopUid: `1.2.3.${index}`,
      pixel: () => index,
    };
    writeFileSync(join(source, `${name}.dcm`), tinyDicom(film));
  }
  writeFileSync(join(source, 'deep', 'c.dcm'), tinyDicom({ patientId: 'MRN 78', sopUid: '1.2.3.9' }));
  writeFileSync(join(source, 'broken.dcm'), tinyDicom({ cut: 100 }));
  writeFileSync(
    join(source, 'photo.jpg'),
    await sharp(Buffer.alloc(64, 90), { raw: { width: 8, height: 8, channels: 1 } })
      .withExif({ IFD0: { Artist: 'Jane Doe' } })
      .jpeg()
      .toBuffer(),
  );
  const key = join(folder, 'key');
  writeFileSync(key, Buffer.alloc(32, 9));
  const first = await runCli(['deidentify', source, join(folder, 'out-1'), '--key', key]);
  const again = await runCli(['deidentify', source, join(folder, 'out-2'), '--key', key]);
  const list = (out: string) => readdirSync(join(folder, out), { recursive: true, encoding: 'utf8' }).sort();
  expect((first.json as Answer).skipped).toEqual([
    expect.objectContaining({ file: 'broken.dcm', code: 'TRUNCATED' }),
  ]);
  expect((first.json as Answer).files).toHaveLength(4);
  expect(readdirSync(join(folder, 'out-1'))).toHaveLength(3);
  expect(list('out-1')).toEqual(list('out-2'));
  expect(again.status).toBe(0);
  for (const { path } of (first.json as Answer).files) {
    const bytes = readFileSync(path).toString('latin1');
    for (const text of ['MRN', 'Doe', 'Jane', 'Artist']) expect(path + bytes).not.toContain(text);
  }
});

it('of two films with one SOP Instance UID one is written and the other is named, also where files may be replaced', async () => {
  const source = join(folder, 'same');
  mkdirSync(source);
  for (const index of [1, 2]) {
    const film = { patientId: 'MRN 77', sopUid: '1.2.3', pixel: () => index };
    writeFileSync(join(source, `${index}.dcm`), tinyDicom(film));
  }
  const { json } = await runCli(['deidentify', source, join(folder, 'out-same'), '--force']);
  expect((json as Answer).files).toHaveLength(1);
  expect((json as Answer).skipped).toEqual([expect.objectContaining({ file: '2.dcm', code: 'SAME_UID' })]);
});

it('refuses what it cannot do, in words', async () => {
  const source = join(folder, 'one.dcm');
  const refusals = [
    [['deidentify', source], 'BAD_INPUT'],
    [['deidentify', join(folder, 'absent'), join(folder, 'x')], 'NOT_FOUND'],
    [['deidentify', source, join(folder, 'x.dcm'), '--boxes', '1,2,3'], 'BAD_INPUT'],
    [['deidentify', source, join(folder, 'x.dcm'), '--safe-private', source], 'BAD_INPUT'],
    [['deidentify', source, join(folder, 'absent', 'x.dcm')], 'NOT_FOUND'],
  ] as const;
  for (const [args, code] of refusals) {
    expect(await runCli(args)).toMatchObject({ status: 2, json: { error: { code } } });
  }
});
