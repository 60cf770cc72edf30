/**
 * @file A window on the real app: the loopback server as a child and headless Chromium on its address, or the packed app; and
 * everything that went wrong on the page (console errors, exceptions, requests that leave this computer) kept for the test to look at.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type Page } from 'playwright-core';

import { setupModule } from '../setup/setup-module.ts';
import { packedApp, startPacked, type Packed } from './packed-app.ts';

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
/** How long a control may take to appear on a busy machine; CHESTLIGHT_PATIENCE, in seconds, is for one that is busier still. */
const PATIENCE_MS = Number(process.env.CHESTLIGHT_PATIENCE ?? 30) * 1000;
/** The same for `expect.poll`. */
export const PATIENCE = { timeout: PATIENCE_MS } as const;

export interface AppWindow {
  readonly page: Page;
  /** It is the packed app's own: there is no server to be stopped, and no address for others. */
  readonly packed: boolean;
  /** The temporary folder with the library; tests may put files of theirs into it. */
  readonly folder: string;
  /** An address for one more window or program. */
  readonly spareUrl: string;
  /** What went wrong on the page so far. */
  readonly problems: string[];
  /** Keeps a picture of the window under test-results/e2e: one that was taken, else as playwright takes it, one pixel a CSS pixel. */
  picture(name: string, taken?: Buffer): Promise<void>;
  /** Ends the server alone, as a person who closes Chestlight does. */
  readonly stopServer: () => Promise<number>;
  /** Ends the server and starts it on the same library. @returns an address of the new one, not opened yet */
  startAgain(): Promise<string>;
  close(): Promise<void>;
}

export interface WindowNeeds {
  /** Nobody but the page speaks to the app, and the page saves no file: then it may be the packed app's. */
  readonly alone?: boolean;
}

/**
 * Opens the app on a new library in a temporary folder: in the packed app where CHESTLIGHT_PACKED names one and the test can do with
 * its one window, in a browser otherwise. @throws Error without a built window or a browser
 */
export async function openWindow({ alone = false }: WindowNeeds = {}): Promise<AppWindow> {
  const program = packedApp();
  if (program !== null && alone) return await openPackedWindow(program);
  if (program !== null) note('this file needs more than one program on the app');
  else if (alone) note('CHESTLIGHT_PACKED names no packed app');
  return await openInBrowser();
}

function note(why: string): void {
  process.stderr.write(`In a browser, not in the packed app: ${why}.\n`);
}

/** As `openWindow`, on the program of a packed app. */
export async function openPackedWindow(program: string, more: readonly string[] = []): Promise<AppWindow> {
  const folder = mkdtempSync(join(tmpdir(), 'chestlight-packed-'));
  let app: Packed | null = null;
  const close = async (): Promise<void> => {
    await app?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const none = (what: string) => () => Promise.reject(new Error(`The packed app has no ${what}.`));
  try {
    const args = [...more, '--library', join(folder, 'library')];
    app = await startPacked(program, args, { CHESTLIGHT_DATA: folder });
    const { page } = app;
    const problems = watchPage(page);
    await page.getByRole('navigation', { name: 'Main' }).waitFor({ timeout: 2 * PATIENCE_MS });
    return {
      ...windowOn(page, folder, problems, close),
      ...{ packed: true, spareUrl: '' },
      stopServer: none('server to stop'),
      startAgain: none('server to start'),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openInBrowser(): Promise<AppWindow> {
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
    const begin = (): Promise<Server> => startServer(process.execPath, ENTRY, args);
    server = await begin();
    const opened = await open(browser, server, folder, close);
    return {
      ...opened,
      stopServer: async () => (await server?.stop()) ?? 0,
      async startAgain() {
        await server?.stop();
        server = await begin();
        return server.urls[0] ?? '';
      },
    };
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
): Promise<Omit<AppWindow, 'startAgain' | 'stopServer'>> {
  const [url = '', spareUrl = ''] = server.urls;
  const page = await browser.newPage({ viewport: SIZE, reducedMotion: 'reduce' });
  const problems = watchPage(page);
  await page.goto(url);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return { ...windowOn(page, folder, problems, close), packed: false, spareUrl };
}

/** From now on with patience. @returns what goes wrong on the page */
function watchPage(page: Page): string[] {
  page.setDefaultTimeout(PATIENCE_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const own = hostname === '127.0.0.1' || ['data:', 'blob:', 'app:'].includes(protocol);
    if (!own) problems.push(`request to ${request.url()}`);
  });
  return problems;
}

function windowOn(
  page: Page,
  folder: string,
  problems: string[],
  close: () => Promise<void>,
): Pick<AppWindow, 'page' | 'folder' | 'problems' | 'picture' | 'close'> {
  return {
    page,
    folder,
    problems,
    async picture(name, taken) {
      mkdirSync(PICTURES, { recursive: true });
      writeFileSync(`${PICTURES}${name}.png`, taken ?? (await page.screenshot()));
    },
    close,
  };
}

/** Goes to a page of the window by its link in the rail. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}
