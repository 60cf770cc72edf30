/**
 * @file Which TensorFlow the app gets: a folder the person names, else pinned wheels, else the package's own download,
 * else none (WebAssembly predicts, training is off). The tree lives in the cache and is linked into node_modules.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { namedTree, treeIsComplete, wheelTree } from './native-tree.mjs';
import { ownDownloadIsThere, useOwnDownload } from './package-download.mjs';
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

function linkTree(tree) {
  link(join(tree, 'deps'), join(packageDir, 'deps'));
  link(join(tree, 'lib'), join(packageDir, 'lib'));
}

/** Remembers why the pinned way failed; null forgets it. */
function noteFailure(message) {
  if (message === null) return rmSync(failureFile(), { force: true });
  mkdirSync(cacheDir(), { recursive: true });
  return writeFileSync(failureFile(), `${message}\n`);
}

/** The pinned wheels; where they are out of reach and the person allows it, the package's own download. */
async function provisionPinned(pinned) {
  const { tree, recipe, build } = wheelTree(packageDir, pinned);
  try {
    if (!treeIsComplete(tree, recipe)) await build();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    noteFailure(error.message);
    if (process.env.CHESTLIGHT_ALLOW_UNPINNED !== '1') throw error;
    say(error.message);
    return useOwnDownload(packageDir, wantsGpu());
  }
  linkTree(tree);
  return noteFailure(null);
}

/** A folder that the person names is used or refused: there is nothing to fall back to that they asked for. */
async function provisionNamed(folder) {
  const { tree, recipe, build } = namedTree(packageDir, folder);
  if (!treeIsComplete(tree, recipe)) await build();
  linkTree(tree);
}

/** True when both folders of the package are links into `tree`. */
function isLinked(tree) {
  return ['deps', 'lib'].every((name) => {
    const path = join(packageDir, name);
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return isLink && readlinkSync(path) === join(tree, name);
  });
}

/**
 * False when nothing is left to do for the engine: what a warm start asks before it takes the lock. With `retry` false
 * (the command line) a failure that is already known is not tried again; `npm start` and `npm test` do.
 */
export function tensorflowNeedsWork({ retry }) {
  if (!existsSync(packageDir)) return true;
  const named = process.env.CHESTLIGHT_TENSORFLOW;
  const pinned = wheelsFor(process.platform, process.arch, wantsGpu());
  const mayTry = retry || lastFailure() === null;
  if (!named && pinned === null) return mayTry && !ownDownloadIsThere(packageDir);
  const { tree, recipe } = named ? namedTree(packageDir, resolve(named)) : wheelTree(packageDir, pinned);
  return treeIsComplete(tree, recipe) ? !isLinked(tree) : Boolean(named) || mayTry;
}

/**
 * Finds or builds the native engine. With `required` a failure is a SetupError; else it is said and the app goes on with
 * what there is.
 * @throws SetupError also when CHESTLIGHT_TENSORFLOW names a folder that cannot be used
 */
export async function provisionTensorflow({ required = false } = {}) {
  const named = process.env.CHESTLIGHT_TENSORFLOW;
  if (named) return provisionNamed(resolve(named));
  const pinned = wheelsFor(process.platform, process.arch, wantsGpu());
  try {
    return await (pinned === null ? useOwnDownload(packageDir, wantsGpu()) : provisionPinned(pinned));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    noteFailure(error.message);
    if (required) throw error;
    say(error.message);
    const before = existsSync(join(packageDir, 'lib', 'napi-v8', 'tfjs_binding.node'));
    say(
      before
        ? '· Going on with the engine that was set up before.'
        : '· Going on without native TensorFlow: predictions with WebAssembly, training is off.',
    );
    return undefined;
  }
}

/** Why the last try to set up TensorFlow failed; null when it did not. */
function lastFailure() {
  return existsSync(failureFile()) ? readFileSync(failureFile(), 'utf8').trim() : null;
}
