/** @file `decode` as a child process on pictures written here and on what is no picture. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-decode-'));
afterAll(() => rmSync(folder, { recursive: true }));

function decode(...args: string[]) {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, 'decode', ...args, '--json'], {
    encoding: 'utf8',
  });
  return { status, json: JSON.parse(stdout) as Record<string, unknown> };
}

it('describes a grey PNG, writes it as displayed, and never overwrites unasked', async () => {
  const pixels = Uint8Array.from({ length: 6 * 4 }, (_, index) => index * 10);
  const file = join(folder, 'grey.png');
  const out = join(folder, 'out.png');
  writeFileSync(
    file,
    await sharp(pixels, { raw: { width: 6, height: 4, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer(),
  );
  const { status, json } = decode(file, '--png', out);
  expect(status).toBe(0);
  expect(json).toMatchObject({
    format: 'png',
    rows: 4,
    cols: 6,
    frames: 1,
    bitsStored: 8,
    signed: false,
    samples: 1,
  });
  expect(json.rawSha256).toBe(createHash('sha256').update(pixels).digest('hex'));
  expect(json.mlut).toEqual({ min: 0, max: 230, mean: 115 });
  expect([...(await sharp(readFileSync(out)).extractChannel(0).raw().toBuffer())]).toEqual([...pixels]);
  expect(decode(file, '--png', out)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
  expect(decode(file, '--png', out, '--force').status).toBe(0);
  expect(decode(file, '--png', join(folder, 'absent', 'out.png'))).toMatchObject({
    status: 2,
    json: { error: { code: 'NOT_FOUND' } },
  });
  expect(decode(file, '--png', folder, '--force')).toMatchObject({
    status: 2,
    json: { error: { code: 'BAD_INPUT', detail: { path: folder } } },
  });
});

it.each([
  ['an empty file', '', 'EMPTY_FILE'],
  ['text', 'this is no film at all', 'NOT_AN_IMAGE'],
])('refuses %s', (_, text, code) => {
  const file = join(folder, 'film.dcm');
  writeFileSync(file, text);
  expect(decode(file)).toMatchObject({ status: 2, json: { error: { code } } });
});
