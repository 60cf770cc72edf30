/** @file Where set-up keeps things: the checkout, the cache outside it, the Node 24 binary. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
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

/** Path of a Node 24 binary: this process's own, or the one npm installed; null when neither is there. */
export function node24() {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const exe = process.platform === 'win32' ? 'node.exe' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const found = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', exe);
  return existsSync(found) ? found : null;
}

/** Environment of every process that loads TensorFlow. */
export function engineEnvironment() {
  return {
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    OMP_WAIT_POLICY: 'passive',
    ...process.env,
  };
}
