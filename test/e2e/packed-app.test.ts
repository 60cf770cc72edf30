/**
 * @file The way to a packed app, with a program that stands in for it: it takes the same arguments, opens the app's own server and a
 * browser window on it, and listens for remote debugging as Electron does. What a packed app itself does is tested by the other
 * files of this folder where CHESTLIGHT_PACKED names one.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, expect, it } from 'vitest';

import { setupModule } from '../setup/setup-module.ts';
import { packedApp, startPacked } from './packed-app.ts';
import { openPackedWindow } from './window.ts';

const { findBrowser } = await setupModule<{ findBrowser: () => string | null }>('browser');
const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'chestlight-stand-in-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program of the system, as the packed app is one. */
function standIn(): string {
  const module = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);
  const program = join(folder, 'chestlight');
  writeFileSync(
    program,
    `#!${process.execPath}
import { spawn } from 'node:child_process';
import { OFFLINE_SWITCHES } from ${module('resources/setup/browser.mjs')};
import { startServer } from ${module('resources/setup/server.mjs')};
const [flag, library, ...switches] = process.argv.slice(2);
const entry = ${JSON.stringify(join(root, 'main', 'node', 'server-main.ts'))};
const server = await startServer(process.execPath, entry, [flag, library]);
const own = ['--headless', '--disable-gpu', '--user-data-dir=' + process.env.CHESTLIGHT_DATA + '/window'];
const browser = spawn(${JSON.stringify(findBrowser())}, [...own, ...OFFLINE_SWITCHES, ...switches, server.url], { stdio: 'inherit' });
process.on('SIGTERM', async () => {
  browser.kill('SIGTERM');
  process.exit(await server.stop());
});
`,
  );
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  chmodSync(program, 0o755);
  return program;
}

it.skipIf(process.platform === 'win32')('opens its window, works in it, and ends with it', async () => {
  const window = await openPackedWindow(standIn());
  expect(window.packed).toBe(true);
  await window.page.getByRole('button', { name: 'Open the sample library' }).waitFor();
  await window.page.setViewportSize({ width: 1366, height: 768 });
  expect(window.problems).toEqual([]);
  await expect(window.stopServer()).rejects.toThrow(/no server/);
  await window.close();
});

it.skipIf(process.platform === 'win32')('says what an app said that opens nothing', async () => {
  const program = join(folder, 'broken');
  writeFileSync(program, '#!/bin/sh\necho "no display" >&2\nexit 1\n');
  chmodSync(program, 0o755);
  await expect(startPacked(program, [], {})).rejects.toThrow(/ended\. It said last: no display/);
});

it('is the one that is named, and nothing is taken for it', () => {
  expect(packedApp('')).toBeNull();
  expect(() => packedApp(join(folder, 'absent'))).toThrow(/there is no .*absent/);
  const packages = join(folder, 'packages');
  expect(() => packedApp('dist', packages)).toThrow(/nothing/);
  mkdirSync(join(packages, 'linux-unpacked'), { recursive: true });
  const program = join(packages, 'linux-unpacked', 'chestlight');
  writeFileSync(program, '');
  expect(packedApp('dist', packages)).toBe(program);
  expect(packedApp(program)).toBe(program);
});
