/**
 * @file Which TensorFlow the app gets: a folder the person names, else pinned wheels, else the package's own download,
 * else none (WebAssembly predicts, training is off). The tree lives in the cache and is linked into node_modules.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { namedTree, treeIsComplete, wheelTree } from './native-tree.mjs';
import { useOwnDownload } from './package-download.mjs';
import { cacheDir, onPath, root } from './paths.mjs';
import { say, SetupError } from './run.mjs';
import { partialName } from './sweep.mjs';
import { wheelsFor } from './wheels.mjs';

const packageDir = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');

/** True when an NVIDIA driver is there. CHESTLIGHT_DEVICE=cpu or gpu says otherwise. Looks at files only: a few µs. */
export function wantsGpu() {
  const asked = process.env.CHESTLIGHT_DEVICE;
  if (asked === 'cpu' || asked === 'gpu') return asked === 'gpu';
  const driver = ['/proc/driver/nvidia/version', '/usr/lib/wsl/lib/libcuda.so.1'];
  return driver.some((path) => existsSync(path)) || onPath('nvidia-smi') !== null;
}

/** Points `path` at `target`, in one step where something else was linked before. */
export function link(target, path) {
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink() && readlinkSync(path) === target) return;
  if (existing !== undefined && !existing.isSymbolicLink()) rmSync(path, { recursive: true, force: true });
  if (process.platform === 'win32') {
    rmSync(path, { recursive: true, force: true });
    symlinkSync(target, path, 'junction');
    return;
  }
  const fresh = partialName(path);
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, path);
}

/** The last failure, so that every call of the command line does not try again what failed for `npm start`. */
const failureFile = () => join(cacheDir(), 'tensorflow-failure.txt');

async function provision() {
  const named = process.env.CHESTLIGHT_TENSORFLOW;
  const pinned = wheelsFor(process.platform, process.arch, wantsGpu());
  if (!named && pinned === null) return useOwnDownload(packageDir, wantsGpu());
  const { tree, recipe, build } = named
    ? namedTree(packageDir, resolve(named))
    : wheelTree(packageDir, pinned);
  if (!treeIsComplete(tree, recipe)) await build();
  link(join(tree, 'deps'), join(packageDir, 'deps'));
  link(join(tree, 'lib'), join(packageDir, 'lib'));
}

/** True when nothing is left to do for the engine: what a warm start asks before it takes the lock. */
export function tensorflowIsCurrent() {
  const named = process.env.CHESTLIGHT_TENSORFLOW;
  const pinned = wheelsFor(process.platform, process.arch, wantsGpu());
  if (!named && pinned === null) return existsSync(join(packageDir, 'lib'));
  try {
    const { tree, recipe } = named ? namedTree(packageDir, resolve(named)) : wheelTree(packageDir, pinned);
    const linked = ['deps', 'lib'].every(
      (name) =>
        lstatSync(join(packageDir, name), { throwIfNoEntry: false })?.isSymbolicLink() &&
        readlinkSync(join(packageDir, name)) === join(tree, name),
    );
    return linked && treeIsComplete(tree, recipe);
  } catch {
    return false; // provisionTensorflow says what is wrong
  }
}

/**
 * Finds or builds the native engine. With `required` a failure is a SetupError; else it is said and the app goes on with
 * WebAssembly. With `retry` false (the command line) a failure that is already known is not tried again.
 */
export async function provisionTensorflow({ required = false, retry = true } = {}) {
  if (!retry && existsSync(failureFile())) return;
  try {
    await provision();
    rmSync(failureFile(), { force: true });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    mkdirSync(cacheDir(), { recursive: true });
    writeFileSync(failureFile(), `${error.message}\n`);
    if (required) throw error;
    say(error.message);
    say('· Going on without native TensorFlow: predictions with WebAssembly, training is off.');
  }
}

/** Why the last try to set up TensorFlow failed; null when it did not. */
export function lastFailure() {
  return existsSync(failureFile()) ? readFileSync(failureFile(), 'utf8').trim() : null;
}
