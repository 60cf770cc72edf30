/** @file The comparison of a folder with its manifest tells what is wrong with a film, and passes what is right. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { tempFolder } from '../helpers/temp-library.ts';
import { golden } from './fixtures.ts';

const SCRIPT = fileURLToPath(new URL('../../resources/bench/manifest.mjs', import.meta.url));
const FILMS = new URL('../fixtures/dicom/', import.meta.url);
const HEAD =
  'file,transfer_syntax_name,mlut_min,mlut_max,mlut_mean,raw_sha256,truth_min,truth_max,truth_mean,file_sha256,lossy,should_fail';

it('names films with other pixels, refused ones, ones that should have been, and ends with 1', async () => {
  const dir = tempFolder();
  const row = (path: string, name: string, change: Readonly<Record<string, string>> = {}) => {
    copyFileSync(new URL(path, FILMS), join(dir, name));
    const film = golden.find(([known]) => path === `good/${known}`)?.[1];
    const { min = '', max = '', mean = '' } = film?.mlut ?? {};
    const cells: Record<string, string> = {
      file: name,
      transfer_syntax_name: 'any',
      mlut_min: String(min),
      mlut_max: String(max),
      mlut_mean: String(mean),
      raw_sha256: film?.rawSha256 ?? '',
      file_sha256: createHash('sha256')
        .update(readFileSync(join(dir, name)))
        .digest('hex'),
      lossy: '0',
      should_fail: film === undefined ? '1' : '0',
      ...change,
    };
    return HEAD.split(',')
      .map((column) => cells[column] ?? '')
      .join(',');
  };
  const manifest = (...rows: string[]) =>
    writeFileSync(join(dir, 'MANIFEST.csv'), [HEAD, ...rows].join('\n'));
  const check = async () => await promisify(execFile)(process.execPath, [SCRIPT, dir]);

  const sound = [row('good/rle.dcm', 'rle.dcm'), row('bad/empty.dcm', 'empty.dcm')];
  manifest(...sound);
  const { stdout } = await check();
  expect(stdout).toContain('| **all** | 2 | 1 of 1 | 1 |');
  expect(stdout).toContain('refused  empty.dcm: EMPTY_FILE');
  expect(stdout).not.toContain('FAULT');

  manifest(
    ...sound,
    row('good/bits16.dcm', 'pixels.dcm', { raw_sha256: 'f'.repeat(64) }),
    row('good/bits8.dcm', 'mean.dcm', { mlut_mean: '3' }),
    row('good/j2k.dcm', 'read.dcm', { should_fail: '1' }),
    row('bad/zeros.dcm', 'zeros.dcm', { should_fail: '0' }),
  );
  const failed = (await check().then(
    () => null,
    (error: unknown) => error,
  )) as { code: number; stdout: string };
  expect(failed.code).toBe(1);
  const faults = failed.stdout.split('\n').filter((line) => line.startsWith('FAULT'));
  expect(faults.map((line) => line.slice(7))).toEqual([
    expect.stringMatching(/^pixels\.dcm: stored pixels are [0-9a-f]{12}…, not f{12}…$/),
    expect.stringMatching(/^mean\.dcm: mean after the modality LUT is [\d.]+, not 3$/),
    'read.dcm: read, though it should be refused',
    expect.stringMatching(/^zeros\.dcm: refused: NOT_AN_IMAGE /),
  ]);
});
