/**
 * @file A window on the real app: the loopback server as a child, headless Chromium on its address, and everything that went
 * wrong on the page (console errors, exceptions, requests that leave this computer) kept for the test to look at.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type Page } from 'playwright-core';

import { setupModule } from '../setup/setup-module.ts';

interface Server {
  readonly urls: readonly string[];
  readonly stop: () => Promise<number>;
}
const { findBrowser, OFFLINE_SWITCHES } = await setupModule<{
  findBrowser: () => string | null;
  OFFLINE_SWITCHES: readonly string[];
}>('browser');
const { startServer } = await setupModule<{
  startServer: (node: string, entry: string, args: readonly string[]) => Promise<Server>;
}>('server');

const ENTRY = fileURLToPath(new URL('../../main/node/server-main.ts', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/renderer/index.html', import.meta.url));
const PICTURES = fileURLToPath(new URL('../../test-results/e2e/', import.meta.url));
const SIZE = { width: 1366, height: 768 };
/** How long a control may take to appear on a busy machine. */
const PATIENCE_MS = 30_000;
/** The same for `expect.poll`. */
export const PATIENCE = { timeout: PATIENCE_MS } as const;

export interface AppWindow {
  readonly page: Page;
  /** The temporary folder with the library; tests may put files of theirs into it. */
  readonly folder: string;
  /** An address for one more window or program. */
  readonly spareUrl: string;
  /** What went wrong on the page so far. */
  readonly problems: string[];
  /** Keeps a picture of the window under test-results/e2e. */
  picture(name: string): Promise<void>;
  /** Ends the server alone, as a person who closes Chestlight does. */
  stopServer(): Promise<number>;
  close(): Promise<void>;
}

/** Opens the app on a new library in a temporary folder. @throws Error without a built window or a browser */
export async function openWindow(): Promise<AppWindow> {
  if (!existsSync(BUILT)) throw new Error('The window is not built yet; `npm test -- test/e2e` builds it.');
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('The end-to-end tests need Chromium, Chrome or Edge.');
  const browser = await chromium.launch({
    executablePath,
    args: ['--disable-gpu', '--disable-background-networking', ...OFFLINE_SWITCHES],
  });
  const folder = mkdtempSync(join(tmpdir(), 'chestlight-e2e-'));
  let server: Server | null = null;
  const close = async (): Promise<void> => {
    await browser.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const args = ['--library', join(folder, 'library'), '--addresses', '2'];
    server = await startServer(process.execPath, ENTRY, args);
    return await open(browser, server, folder, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  browser: Browser,
  server: Server,
  folder: string,
  close: () => Promise<void>,
): Promise<AppWindow> {
  const [url = '', spareUrl = ''] = server.urls;
  const page = await browser.newPage({ viewport: SIZE, reducedMotion: 'reduce' });
  page.setDefaultTimeout(PATIENCE_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const own = hostname === '127.0.0.1' || protocol === 'data:' || protocol === 'blob:';
    if (!own) problems.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return {
    page,
    folder,
    spareUrl,
    problems,
    async picture(name) {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: `${PICTURES}${name}.png` });
    },
    stopServer: () => server.stop(),
    close,
  };
}

/** Goes to a page of the window by its link in the rail. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}
