/**
 * @file Electron's security checklist, one test a line, as far as it can be told without Electron's binary: values that the window
 * is made with, what the shell's source must not hold, fuses. What the shell does (one window with these values and nothing else,
 * guarded before it exists, one instance, one message from its own page) is in main.test.ts, the guards and the scheme in
 * window-guard, app-protocol and preload.test.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { expect, it } from 'vitest';

import { APP_SCHEME_PRIVILEGES, WINDOW_URL } from '../../main/electron/app-protocol.ts';
import { isFromPage, SHUT_PREFERENCES } from '../../main/electron/window-guard.ts';
import { contentSecurityPolicy } from '../../main/rpc/security-headers.ts';
import { APP_ORIGIN } from '../../shared/contract/transport.ts';

const root = resolve(import.meta.dirname, '../..');
const shell = globSync('main/electron/**/*.ts', { cwd: root }).map((name) => ({
  name,
  text: readFileSync(join(root, name), 'utf8'),
}));
const holders = (pattern: RegExp) =>
  shell.filter(({ text }) => pattern.test(text)).map(({ name }) => name.replace('main/electron/', ''));

it('shows its own scheme and nothing remote', () => {
  expect(WINDOW_URL).toBe('app://chestlight/');
  expect(holders(/\bloadFile\(|\bfile:\/\//)).toEqual([]);
  expect(holders(/https?:\/\/(?!127\.0\.0\.1)/)).toEqual([]);
});

it('keeps Node out of pages, frames and their workers', () => {
  expect(SHUT_PREFERENCES).toMatchObject({
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
  });
});

it('isolates contexts and sandboxes processes, and nowhere takes it back', () => {
  expect(SHUT_PREFERENCES).toMatchObject({ contextIsolation: true, sandbox: true });
  expect(holders(/no-sandbox|disable-web-security|appendSwitch|appendArgument/)).toEqual([]);
});

it('leaves web security on, insecure content and experimental features off', () => {
  expect(SHUT_PREFERENCES).toMatchObject({
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
  });
  expect(holders(/enableBlinkFeatures/)).toEqual([]);
});

it('has a policy without eval, inline scripts, wildcards or other origins', () => {
  const policy = contentSecurityPolicy(["'self'"]);
  expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  expect(policy).not.toMatch(/'unsafe-eval'|\*|https?:/);
  expect(/script-src ([^;]*)/.exec(policy)?.[1]).not.toContain('unsafe-inline');
});

it('has no web views, and no file dropped on the window replaces the page', () => {
  expect(SHUT_PREFERENCES).toMatchObject({ webviewTag: false, navigateOnDragDrop: false });
});

it('opens nothing outside: no shell, no external addresses', () => {
  expect(holders(/openExternal|openPath|\bshell\b[^.]*from 'electron'/)).toEqual([]);
});

it('takes one message from the page, and from nobody else', () => {
  expect(holders(/ipcMain\.(once|handle|handleOnce)\(/)).toEqual([]);
  const page = { origin: APP_ORIGIN };
  expect(isFromPage(page, page)).toBe(true);
  expect(isFromPage({ origin: APP_ORIGIN }, page)).toBe(false);
  expect(isFromPage(null, page)).toBe(false);
  const elsewhere = { origin: 'https://example.org' };
  expect(isFromPage(elsewhere, elsewhere)).toBe(false);
});

it('exposes nothing of Electron to the page', () => {
  expect(holders(/contextBridge|exposeInMainWorld/)).toEqual([]);
});

it('gives its scheme no way round the policy', () => {
  const { privileges } = APP_SCHEME_PRIVILEGES;
  expect(privileges).toEqual({ standard: true, secure: true, supportFetchAPI: true, stream: true });
});

it('sends no crash report and looks for no update', () => {
  expect(holders(/crashReporter|autoUpdater|electron-updater/)).toEqual([]);
});

it('has its fuses set', async () => {
  const ofBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
  const { getConfig } = ofBuilder('app-builder-lib/out/util/config/config.js') as {
    readonly getConfig: (
      project: string,
      file: string,
      options: null,
    ) => Promise<{ readonly electronFuses: unknown }>;
  };
  // package.mjs turns the last off on Linux, which packs no archive.
  expect((await getConfig(root, 'electron-builder.yml', null)).electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    grantFileProtocolExtraPrivileges: false,
    loadBrowserProcessSpecificV8Snapshot: false,
    enableCookieEncryption: true,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
  });
});
