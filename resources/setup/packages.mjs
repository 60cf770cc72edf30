/** @file Locked packages: `npm ci` without install scripts, skipped when the lock file has not changed since. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './paths.mjs';
import { run, step } from './run.mjs';

const STAMP = join('node_modules', '.chestlight-lock');

function lockHash(folder) {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
}

/** True when node_modules holds what the lock file says: the stamp is written after the last package. */
export function packagesAreCurrent(folder = root) {
  const stamp = join(folder, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(folder);
}

/** npm as it was started (`npm start` says where it is), else the one on PATH. */
function npm(args, options) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js') && existsSync(script)) {
    return run(process.execPath, [script, ...args], options);
  }
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

/** Installs the locked packages. npm checks each against the lock file's SHA-512. */
export async function installPackages(folder = root) {
  if (packagesAreCurrent(folder)) return;
  rmSync(join(folder, STAMP), { force: true });
  await step('Installing the locked packages (about 700 MB on disk)', () => {
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
    writeFileSync(join(folder, STAMP), lockHash(folder));
  });
}
