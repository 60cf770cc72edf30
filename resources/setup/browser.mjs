/** @file Finds a Chromium, Chrome or Edge, and opens the window in it as an app with a profile of its own. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { dataDir, onPath } from './paths.mjs';
import { isAlive } from './sweep.mjs';
import { needTools } from './tools.mjs';

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'chrome',
  'msedge',
];

/** Where browsers are installed that are not on PATH. */
function installedPlaces(env) {
  if (process.platform === 'darwin') {
    return [
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ];
  }
  if (process.platform !== 'win32') return [];
  const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
  return folders.flatMap((folder) => [
    join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
    join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    join(folder, 'Chromium', 'Application', 'chrome.exe'),
  ]);
}

/** Path of a browser: the one named by CHESTLIGHT_BROWSER, else the first that is installed; null when there is none. */
export function findBrowser(env = process.env) {
  if (env.CHESTLIGHT_BROWSER) return existsSync(env.CHESTLIGHT_BROWSER) ? env.CHESTLIGHT_BROWSER : null;
  for (const name of NAMES) {
    const found = onPath(name, env.PATH ?? '');
    if (found !== null) return found;
  }
  return installedPlaces(env).find((path) => existsSync(path)) ?? null;
}

/** The browser that the end-to-end tests need. @throws SetupError with the command to run */
export function needBrowser() {
  needTools({
    'a Chromium browser': {
      present: () => findBrowser() !== null,
      packages: ['chromium'],
      mac: 'brew install --cask chromium',
    },
  });
}

/** True when a window can be shown. */
export function hasDisplay(env = process.env, platform = process.platform) {
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

const PROFILES = 'window-profiles';
const OWNER = 'owner';

/** A fresh profile folder; those of windows that were killed are removed first. */
export function freshProfile(folder = join(dataDir(), PROFILES)) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name, OWNER);
    const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (!(owner > 0 && isAlive(owner))) rmSync(join(folder, name), { recursive: true, force: true });
  }
  const profile = mkdtempSync(join(folder, 'window-'));
  writeFileSync(join(profile, OWNER), String(process.pid));
  return profile;
}

/** Whatever a browser asks for beside this computer goes to a proxy that is not there, and no name is looked up. */
export const OFFLINE_SWITCHES = ['--proxy-server=http://127.0.0.1:9', '--proxy-bypass-list=127.0.0.1'];

/** Command-line switches of the app window: nothing of the person's own profile, nothing that reaches for the network. */
export function browserSwitches(url, profile, isRoot = process.getuid?.() === 0) {
  return [
    `--app=${url}`,
    `--user-data-dir=${profile}`,
    '--window-size=1366,768',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-sync',
    '--disable-domain-reliability',
    '--metrics-recording-only',
    '--password-store=basic',
    ...OFFLINE_SWITCHES,
    ...(process.platform === 'linux' && isRoot ? ['--no-sandbox'] : []),
  ];
}

/** Opens `url` in `browser`. Returns the process and a promise of how it ended; the profile goes with the window. */
export function openBrowserWindow(browser, url) {
  const profile = freshProfile();
  const child = spawn(browser, browserSwitches(url, profile), { stdio: 'ignore' });
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 0));
  }).then((code) => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    return code;
  });
  return { child, ended };
}
