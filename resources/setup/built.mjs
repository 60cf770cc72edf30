/** @file Builds made by vite (the window, Electron's files): skipped while their inputs hash the same, swapped in whole. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { root } from './paths.mjs';
import { run, step } from './run.mjs';
import { partialName, sweepPartials } from './sweep.mjs';

/** All files under `path` (a file or folder), sorted, so that the hash does not depend on the file system's order. */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesUnder(child);
    return entry.isFile() ? [child] : [];
  });
}

/** SHA-256 over the names and contents of everything under `folders` and of package-lock.json. */
export function inputsHash(folders, base = root) {
  const hash = createHash('sha256');
  const files = folders.flatMap((folder) => filesUnder(join(base, folder)));
  for (const file of [...files, join(base, 'package-lock.json')]) {
    if (!existsSync(file)) continue;
    hash.update(relative(base, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * Runs vite with `config` unless `out` was built from the same inputs. The build goes beside `out` and is swapped in when
 * it is whole, so that a broken or interrupted build leaves the last good one.
 */
export async function buildOnce({ title, node, config, out, inputs }) {
  if (!existsSync(join(root, config))) return;
  const target = join(root, out);
  const stamp = `${target}.inputs`;
  const hash = inputsHash(inputs);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const partial = partialName(target);
  mkdirSync(dirname(target), { recursive: true });
  sweepPartials(dirname(target));
  await step(title, () => {
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    const options = ['--config', join(root, config), '--outDir', partial, '--emptyOutDir'];
    try {
      run(node, [vite, 'build', ...options, '--logLevel', 'warn'], { cwd: root });
      rmSync(stamp, { force: true });
      rmSync(target, { recursive: true, force: true });
      renameSync(partial, target);
      writeFileSync(stamp, hash);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  });
}

export const buildRenderer = (node) =>
  buildOnce({
    title: 'Building the window',
    node,
    config: join('renderer', 'vite.config.ts'),
    out: join('dist', 'renderer'),
    inputs: ['renderer', 'shared'],
  });

export const buildElectron = (node) =>
  buildOnce({
    title: "Building Electron's files",
    node,
    config: join('main', 'electron', 'vite.config.ts'),
    out: join('dist', 'electron'),
    inputs: ['main', 'shared'],
  });
