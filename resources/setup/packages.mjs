/** @file Locked packages: `npm ci` without install scripts, skipped when the lock file has not changed since. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './paths.mjs';
import { run, step } from './run.mjs';

export async function installPackages() {
  const stamp = join(root, 'node_modules', '.chestlight-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  await step('Installing the locked packages (about 700 MB)', () => {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
    writeFileSync(stamp, lock);
  });
}
