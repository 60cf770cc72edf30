/** @file How `npm start` learns the server's address, stops it, and opens a window of its own in a browser. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { setupModule } from './setup-module.ts';

interface Server {
  readonly url: string;
  readonly ended: Promise<number>;
  readonly stop: () => Promise<number>;
}
const { startServer } = await setupModule<{
  startServer: (node: string, entry: string, args?: readonly string[]) => Promise<Server>;
}>('server');
const browser = await setupModule<{
  findBrowser: (env: Readonly<Record<string, string | undefined>>) => string | null;
  hasDisplay: (env: object, platform: string) => boolean;
  browserSwitches: (url: string, profile: string, isRoot?: boolean) => readonly string[];
  freshProfile: (folder: string) => string;
}>('browser');
const { electronBinary } = await setupModule<{ electronBinary: (folder: string) => string | null }>(
  'electron',
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chestlight-window-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function script(source: string): string {
  const file = join(folder, 'server.mjs');
  writeFileSync(file, source);
  return file;
}

it('waits for the address, passes arguments on, and stops the server so that it can close', async () => {
  const closed = join(folder, 'closed');
  const server = await startServer(
    process.execPath,
    script(`
      import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => { writeFileSync(${JSON.stringify(closed)}, 'yes'); process.exit(0); });
      setInterval(() => {}, 1000);
      console.log('opening the library');
      console.log(JSON.stringify({ url: 'http://evil.example/' }));
      console.log(JSON.stringify({ url: 'http://127.0.0.1:4711/#token=' + process.argv[2] }));
    `),
    ['abc'],
  );
  expect(server.url).toBe('http://127.0.0.1:4711/#token=abc');
  expect(await server.stop()).toBe(0);
  expect(readFileSync(closed, 'utf8')).toBe('yes');
  expect(await server.stop()).toBe(0);
});

it('says so when the server ends before it has an address', async () => {
  await expect(startServer(process.execPath, script('process.exit(7)'))).rejects.toThrow(/ended \(exit 7\)/);
  await expect(startServer(join(folder, 'no-node'), 'x')).rejects.toThrow(/could not be started|ended/);
});

it('takes the browser that is named, else the first on PATH, else none', () => {
  expect(browser.findBrowser({ PATH: folder })).toBeNull();
  const chromium = join(folder, process.platform === 'win32' ? 'chromium.exe' : 'chromium');
  writeFileSync(chromium, '');
  chmodSync(chromium, 0o755);
  expect(browser.findBrowser({ PATH: folder })).toBe(chromium);
  expect(browser.findBrowser({ PATH: '', CHESTLIGHT_BROWSER: chromium })).toBe(chromium);
  expect(browser.findBrowser({ PATH: folder, CHESTLIGHT_BROWSER: join(folder, 'absent') })).toBeNull();
});

it('opens no window without a display', () => {
  expect(browser.hasDisplay({}, 'linux')).toBe(false);
  expect(browser.hasDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true);
  expect(browser.hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
  expect(browser.hasDisplay({}, 'win32')).toBe(true);
});

it('gives the window a profile of its own, and removes those of windows that were killed', () => {
  const first = browser.freshProfile(folder);
  writeFileSync(join(first, 'owner'), '999999999');
  const second = browser.freshProfile(folder);
  expect(existsSync(first)).toBe(false);
  const third = browser.freshProfile(folder);
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .sort(),
  ).toEqual([second, third].sort());
  const switches = browser.browserSwitches('http://127.0.0.1:1/', third, false);
  expect(switches).toEqual(expect.arrayContaining([`--user-data-dir=${third}`, '--app=http://127.0.0.1:1/']));
  expect(switches).toContain('--disable-background-networking');
  expect(switches).toContain('--proxy-server=http://127.0.0.1:9');
  expect(switches).not.toContain('--no-sandbox');
});

it('finds Electron only when its binary is really there', () => {
  expect(electronBinary(folder)).toBeNull();
  writeFileSync(join(folder, 'path.txt'), 'electron');
  expect(electronBinary(folder)).toBeNull();
});
