/** @file Where set-up keeps things: the checkout, the cache outside it, the data folder; the environment of an engine. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Downloads and the built engine live here, so that a fresh clone needs neither again. */
export function cacheDir() {
  if (process.env.CHESTLIGHT_CACHE) return resolve(process.env.CHESTLIGHT_CACHE);
  if (process.platform === 'win32') {
    return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'chestlight');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'chestlight');
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'chestlight');
}

/** The person's data folder, as main/services/system/data-folder.ts has it. */
export function dataDir() {
  if (process.env.CHESTLIGHT_DATA) return resolve(process.env.CHESTLIGHT_DATA);
  if (process.platform === 'win32') {
    return join(process.env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Chestlight');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Chestlight');
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'chestlight');
}

/** Environment of every process that loads TensorFlow. What the person set wins. */
export function engineEnvironment() {
  return {
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    OMP_WAIT_POLICY: 'passive',
    ...process.env,
  };
}

/** Full path of a program on PATH, without starting it; null when it is not there. */
export function onPath(program, path = process.env.PATH ?? '') {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const found = names.map((name) => join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined) return found;
  }
  return null;
}
