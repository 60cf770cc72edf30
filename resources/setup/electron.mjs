/** @file Electron's binary: used where it is, fetched by Electron's own install script (which checks SHA-256) where it can. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cacheDir, root } from './paths.mjs';
import { say, step } from './run.mjs';

const LIMIT_MS = 180_000;
const RETRY_AFTER_MS = 24 * 3_600_000;

const folder = join(root, 'node_modules', 'electron');

/** Path of the installed binary; null when there is none. */
export function electronBinary(packageDir = folder) {
  const named = join(packageDir, 'path.txt');
  if (!existsSync(named)) return null;
  const binary = join(packageDir, 'dist', readFileSync(named, 'utf8').trim());
  return existsSync(binary) ? binary : null;
}

/** The app's own entry, built from main/electron; null while there is none. */
export function electronEntry() {
  const entry = join(root, 'dist', 'electron', 'main.js');
  return existsSync(entry) ? entry : null;
}

/** The binary, fetched when it is not there. Null when it cannot be had; a failed try is repeated after a day. */
export async function fetchElectron(node) {
  const present = electronBinary();
  if (present !== null) return present;
  const script = join(folder, 'install.js');
  if (!existsSync(script)) return null;
  const failed = join(cacheDir(), 'electron-failure.txt');
  if (existsSync(failed) && Date.now() - statSync(failed).mtimeMs < RETRY_AFTER_MS) {
    say('· Electron could not be fetched within the last day; opening the window in a browser.');
    return null;
  }
  await step('Fetching Electron (about 120 MB, once)', () => {
    const result = spawnSync(node, [script], {
      cwd: folder,
      stdio: ['ignore', 2, 'ignore'],
      timeout: LIMIT_MS,
      env: { ...process.env, electron_config_cache: join(cacheDir(), 'electron') },
    });
    if (result.status === 0 && electronBinary() !== null) return;
    mkdirSync(cacheDir(), { recursive: true });
    writeFileSync(failed, `${new Date().toISOString()}\n`);
    say('  Electron could not be fetched; the window opens in a browser instead.');
  });
  return electronBinary();
}
