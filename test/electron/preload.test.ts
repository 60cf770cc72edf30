/**
 * @file The preload in a real Chromium: it hands over the one port that the page posts, and nothing that a frame, another message
 * or several ports ask for. Electron itself is stood in for by a function that keeps what it is given.
 */
import { chromium, type Browser, type Page } from 'playwright-core';
import { transformWithOxc } from 'vite';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { APP_ORIGIN, PORT_REQUEST } from '../../shared/contract/transport.ts';
import { setupModule } from '../setup/setup-module.ts';

const { findBrowser } = await setupModule<{ findBrowser: () => string | null }>('browser');
const executablePath = findBrowser();
/** Chromium knows no `app:`; the page has this origin instead, and the preload is told so. */
const ORIGIN = 'http://chestlight.test';

interface Handed {
  readonly channel: string;
  readonly message: unknown;
  readonly ports: readonly MessagePort[];
}

/** What the page of this test has on its global object. */
interface TestPage {
  readonly handed: Handed[];
  readonly MessageChannel: typeof MessageChannel;
  postMessage(message: unknown, origin: string, ports?: readonly unknown[]): void;
}

async function preloadScript(): Promise<string> {
  const file = resolve(import.meta.dirname, '../../main/electron/preload.ts');
  const source = readFileSync(file, 'utf8').replace(/^import .*$/gm, '');
  const { code } = await transformWithOxc(source, file);
  return `
    globalThis.handed = [];
    (({ ipcRenderer, APP_ORIGIN, PORT_REQUEST }) => { ${code} })({
      ipcRenderer: { postMessage: (channel, message, ports) => handed.push({ channel, message, ports }) },
      APP_ORIGIN: ${JSON.stringify(ORIGIN)},
      PORT_REQUEST: ${JSON.stringify(PORT_REQUEST)},
    });`;
}

describe.skipIf(executablePath === null)('the preload', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: executablePath ?? '', args });
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    await page.route(`${ORIGIN}/**`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<p>page</p>' }),
    );
    await page.goto(`${ORIGIN}/`);
    await page.evaluate(await preloadScript());
    return () => context.close();
  });

  const handed = () =>
    page.evaluate(() => {
      const { handed } = globalThis as unknown as TestPage;
      // Messages come in turn: after this one, those before it have been dealt with.
      const { port1, port2 } = new MessageChannel();
      return new Promise<{ channel: string; message: unknown; ports: number }[]>((settle) => {
        port1.onmessage = () =>
          settle(handed.map(({ channel, message, ports }) => ({ channel, message, ports: ports.length })));
        setTimeout(() => port2.postMessage(0), 50);
      });
    });

  it('knows the origin of the app', () => {
    expect(APP_ORIGIN).toBe('app://chestlight');
  });

  it('hands the page’s port over, and messages pass through it both ways', async () => {
    const answer = await page.evaluate(
      async ([request, origin]) => {
        const window = globalThis as unknown as TestPage;
        const { port1, port2 } = new MessageChannel();
        const echoed = new Promise((settle) => (port1.onmessage = ({ data }) => settle(data)));
        window.postMessage(request, origin ?? '', [port2]);
        port1.postMessage('hello');
        while (window.handed.length === 0) await new Promise((settle) => setTimeout(settle));
        const port = window.handed[0]?.ports[0];
        if (port !== undefined) port.onmessage = ({ data }) => port.postMessage(`${String(data)} back`);
        return echoed;
      },
      [PORT_REQUEST, ORIGIN],
    );
    expect(answer).toBe('hello back');
    expect(await handed()).toEqual([{ channel: PORT_REQUEST, message: null, ports: 1 }]);
  });

  it('hands over a new port after every request, as after a reload', async () => {
    for (let count = 1; count <= 2; count++) {
      await page.evaluate(
        ([request, origin]) =>
          (globalThis as unknown as TestPage).postMessage(request, origin ?? '', [
            new MessageChannel().port2,
          ]),
        [PORT_REQUEST, ORIGIN],
      );
      expect(await handed()).toHaveLength(count);
    }
  });

  it.each([
    ['no port', PORT_REQUEST, 0],
    ['two ports', PORT_REQUEST, 2],
    ['another message', 'chestlight:other', 1],
    ['an object', { type: PORT_REQUEST }, 1],
  ])('does nothing for %s', async (_what, message, count) => {
    await page.evaluate(
      ([data, origin, ports]) =>
        (globalThis as unknown as TestPage).postMessage(
          data,
          origin as string,
          Array.from({ length: ports }, () => new MessageChannel().port2),
        ),
      [message, ORIGIN, count] as const,
    );
    expect(await handed()).toEqual([]);
  });

  it.each([
    ['of the same origin', ''],
    ['of its own origin, as a report', 'sandbox="allow-scripts"'],
  ])('does nothing for a frame %s', async (_what, attributes) => {
    const script = `parent.postMessage(${JSON.stringify(PORT_REQUEST)}, '*', [new MessageChannel().port2])`;
    await page.evaluate(
      ([html]) =>
        new Promise((loaded) => {
          interface Frame {
            onload: (event: unknown) => void;
          }
          const { document } = globalThis as unknown as {
            document: { body: { innerHTML: string }; querySelector(name: string): Frame };
          };
          document.body.innerHTML = html ?? '';
          document.querySelector('iframe').onload = loaded;
        }),
      [`<iframe ${attributes} srcdoc="<script>${script.replaceAll('"', '&quot;')}</script>"></iframe>`],
    );
    expect(await handed()).toEqual([]);
  });
});
