/**
 * @file The packed app under test: started as a person starts it, reached by Chromium's own remote debugging. Playwright's starter
 * of Electron is of no use here: it needs Node's inspector, which a fuse of the packed app shuts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { chromium, type Browser, type Page } from 'playwright-core';

const PACKAGES = resolve(import.meta.dirname, '../../dist/packages');
const MADE = [
  'linux-unpacked/chestlight',
  'win-unpacked/Chestlight.exe',
  'mac-arm64/Chestlight.app/Contents/MacOS/Chestlight',
];
const START_MS = 120_000;

/**
 * The program that CHESTLIGHT_PACKED names; `dist` = the one that `npm run package` left in dist/packages.
 * @returns null = the variable is not set @throws Error where it names none, so that nobody takes a browser for the packed app
 */
export function packedApp(
  named: string | undefined = process.env.CHESTLIGHT_PACKED,
  packages = PACKAGES,
): string | null {
  if (named === undefined || named === '') return null;
  const places = named === 'dist' ? MADE.map((path) => join(packages, path)) : [resolve(named)];
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const there = existsSync(packages) ? globSync('*', { cwd: packages }).join(', ') : 'nothing';
  throw new Error(`CHESTLIGHT_PACKED: there is no ${places.join(', nor ')} (in dist/packages: ${there}).`);
}

export interface Packed {
  readonly page: Page;
  /** Ends the app as the system does, and waits for it. */
  readonly stop: () => Promise<void>;
}

/** @throws Error with what it said last when it opens no window */
export async function startPacked(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Packed> {
  // Chromium's sandbox does not work for root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child = spawn(program, [...args, ...asRoot, '--remote-debugging-port=0'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  let browser: Browser | null = null;
  const stop = async (): Promise<void> => {
    await browser?.close();
    child.kill('SIGTERM');
    await ended;
  };
  try {
    // What is set for pages of its own making is not known to Electron, its downloads among it.
    browser = await chromium.connectOverCDP(await debugAddress(child, ended), { noDefaults: true });
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('The packed app has no window.');
    const page = context.pages()[0] ?? (await context.waitForEvent('page', { timeout: START_MS }));
    return { page, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** From the line that Chromium writes when it listens. */
function debugAddress({ stderr }: ChildProcess, ended: Promise<void>): Promise<string> {
  return new Promise((settle, fail) => {
    let last = '';
    const give = (why: string) => (): void => fail(new Error(`The packed app ${why}. It said last: ${last}`));
    const timer = setTimeout(give('did not open'), START_MS);
    void ended.then(() => clearTimeout(timer)).then(give('ended'));
    if (stderr === null) throw new Error('stderr is a pipe');
    createInterface({ input: stderr }).on('line', (line) => {
      if (line.trim() !== '') last = line;
      const address = /DevTools listening on (ws:\/\/127\.0\.0\.1:\S+)/.exec(line)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      settle(address);
    });
  });
}
