/**
 * @file The whole app in Electron itself: the window opens on its own scheme, reaches the app through its port, and can do
 * nothing else. Runs where Electron's binary, its built files and a display are; says which is missing otherwise.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setupModule } from '../setup/setup-module.ts';

const root = resolve(import.meta.dirname, '../..');
const { electronBinary } = await setupModule<{ electronBinary: () => string | null }>('electron');
const { hasDisplay } = await setupModule<{ hasDisplay: () => boolean }>('browser');

function missing(): string | null {
  if (electronBinary() === null) return 'Electron’s binary is not installed';
  if (!hasDisplay()) return 'there is no display';
  const built = ['electron/main.js', 'renderer/index.html'].map((name) => join(root, 'dist', name));
  return built.every((path) => existsSync(path)) ? null : 'dist/ is not built';
}

const reason = missing();
if (reason !== null) process.stderr.write(`Tests in Electron are skipped: ${reason}.\n`);

describe.skipIf(reason !== null)('the window', () => {
  let folder: string;
  let app: ElectronApplication;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chestlight-electron-'));
    const isRoot = process.getuid?.() === 0;
    app = await _electron.launch({
      executablePath: electronBinary() ?? '',
      args: [root, '--library', join(folder, 'library'), ...(isRoot ? ['--no-sandbox'] : [])],
      env: { ...process.env, CHESTLIGHT_DATA: join(folder, 'data') },
    });
    page = await app.firstWindow();
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens on its own scheme and shows the empty library', async () => {
    expect(page.url()).toMatch(/^app:\/\/chestlight\//);
    await page.getByText('This library has no films yet').waitFor();
  });

  it('opens the sample library and shows its films', async () => {
    await page.getByRole('button', { name: 'Open the sample library' }).click();
    await page.locator('img[src*="thumbnail"]').first().waitFor({ timeout: 60_000 });
  });

  it('has nothing of Node or Electron in its page', async () => {
    const found = await page.evaluate(() =>
      ['require', 'process', 'module', 'ipcRenderer', 'electron'].filter((name) => name in globalThis),
    );
    expect(found).toEqual([]);
  });

  it('stays on its page and opens no other window', async () => {
    const opened = await page.evaluate(() => {
      const window = globalThis as unknown as { open(url: string): unknown; location: { href: string } };
      const other = window.open('https://example.org/');
      window.location.href = 'https://example.org/';
      return other;
    });
    expect(opened).toBeNull();
    await page.getByRole('navigation').first().waitFor();
    expect(page.url()).toMatch(/^app:\/\/chestlight\//);
    expect(app.windows()).toHaveLength(1);
  });
});
