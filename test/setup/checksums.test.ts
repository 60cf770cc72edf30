/** @file SHA256SUMS beside the installers: read by the tool that people check with, which finds what was changed. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { tempFolder } from '../helpers/temp-library.ts';

const { href } = new URL('../../resources/packaging/checksums.mjs', import.meta.url);
const { SUMS, writeChecksums } = (await import(/* @vite-ignore */ href)) as {
  readonly SUMS: string;
  readonly writeChecksums: (folder: string) => Promise<readonly string[]>;
};

/** SHA-256 of "abc" (FIPS 180-2, B.1). */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const NAMES = ['Chestlight-1.0.0-setup.exe', 'Chestlight-1.0.0.AppImage', 'chestlight_1.0.0_amd64.deb'];

it('lists every installer and nothing else, as sha256sum reads it', async () => {
  const folder = tempFolder();
  for (const name of [...NAMES, 'builder-debug.yml', 'latest.yml']) writeFileSync(join(folder, name), 'abc');
  expect(await writeChecksums(folder)).toEqual(NAMES.map((name) => `${ABC}  ${name}`));
  expect(await writeChecksums(folder)).toHaveLength(3); // not of itself

  if (process.platform !== 'linux') return;
  const check = () => spawnSync('sha256sum', ['--check', SUMS], { cwd: folder, encoding: 'utf8' });
  expect(check()).toMatchObject({ status: 0, stdout: NAMES.map((name) => `${name}: OK\n`).join('') });
  appendFileSync(join(folder, NAMES[1] ?? ''), 'd');
  expect(readFileSync(join(folder, SUMS), 'utf8')).toContain(NAMES[1]);
  expect(check()).toMatchObject({ status: 1, stdout: expect.stringContaining('AppImage: FAILED') as string });
});
