/**
 * @file The native tree in the cache: `deps/lib`, `deps/include`, the compiled `lib/napi-v8/tfjs_binding.node`, and the
 * stamp `complete`, written last. Built beside its place and moved there, so that it is whole or absent.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { fetchWheel } from './downloads.mjs';
import { extractWheel } from './extract-wheel.mjs';
import { cacheDir, onPath, root } from './paths.mjs';
import { megabytes, run, SetupError, step } from './run.mjs';
import { partialName, sweepPartials } from './sweep.mjs';
import { needTools, TOOLS } from './tools.mjs';
import { VERSION } from './wheels.mjs';

/** Raise when the way of building changes: trees made another way are built anew. */
const RECIPE = 1;

const STAMP = 'complete';

/** What a finished tree was made from, as one line to compare. */
export function recipeOf(parts) {
  return createHash('sha256')
    .update(JSON.stringify([RECIPE, ...parts]))
    .digest('hex');
}

/** True when `tree` was finished by this recipe. */
export function treeIsComplete(tree, recipe) {
  try {
    return JSON.parse(readFileSync(join(tree, STAMP), 'utf8')).recipe === recipe;
  } catch {
    return false; // absent, or not written to the end
  }
}

/** Builds a tree with `fill(partial)` and moves it into place; what was there before is replaced at the end. */
export async function makeTree(tree, stamp, fill) {
  mkdirSync(dirname(tree), { recursive: true });
  sweepPartials(dirname(tree));
  const partial = partialName(tree);
  rmSync(partial, { recursive: true, force: true });
  try {
    await fill(partial);
    writeFileSync(join(partial, STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
    const old = partialName(`${tree}.old`);
    if (existsSync(tree)) renameSync(tree, old);
    renameSync(partial, tree);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** One compiler call: pure Node-API 8, so that the same file serves Node 22, 24 and Electron. */
function compileBinding(tree, packageDir, libraries) {
  const deps = join(tree, 'deps');
  const out = join(tree, 'lib', 'napi-v8', 'tfjs_binding.node');
  mkdirSync(dirname(out), { recursive: true });
  const mac = process.platform === 'darwin';
  const kind = mac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-Wl,--allow-shlib-undefined'];
  const origin = mac ? '@loader_path' : '$ORIGIN';
  run(mac ? 'clang++' : 'g++', [
    ...['-std=c++17', '-O2', '-fPIC', ...kind],
    ...['-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
    `-I${join(root, 'node_modules', 'node-api-headers', 'include')}`,
    `-I${join(deps, 'include')}`,
    `-I${packageDir}`,
    join(packageDir, 'binding', 'tfjs_backend.cc'),
    join(packageDir, 'binding', 'tfjs_binding.cc'),
    ...libraries,
    `-Wl,-rpath,${origin}/../../deps/lib`,
    ...['-o', out],
  ]);
}

/** The libtensorflow files in a folder, by whichever of their names is there; null when there are none. */
export function librariesIn(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const first = (...patterns) => {
    for (const pattern of patterns) {
      const name = names.find((one) => pattern.test(one));
      if (name !== undefined) return join(folder, name);
    }
    return null;
  };
  const main = first(
    /^libtensorflow_cc\.(so\.2|2\.dylib)$/,
    /^libtensorflow\.(so\.2|2\.dylib)$/,
    /^libtensorflow\.(so|dylib)$/,
  );
  const framework = first(
    /^libtensorflow_framework\.(so\.2|2\.dylib)$/,
    /^libtensorflow_framework\.(so|dylib)$/,
  );
  if (main === null) return null;
  return framework === null ? [main] : [main, framework];
}

/** Symbol tables that nothing at run time reads: a quarter of the size. Not on macOS, where it breaks the signature. */
function stripLibraries(libraries) {
  if (process.platform !== 'linux' || onPath('strip') === null) return;
  for (const library of libraries) run('strip', ['--strip-unneeded', library]);
}

function packageVersion(packageDir) {
  return JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')).version;
}

/** The tree made from pinned wheels; `{ tree, recipe, build }`. */
export function wheelTree(packageDir, { device, wheels }) {
  const name = `tensorflow-${VERSION}-${device}-${process.platform}-${process.arch}`;
  const tree = join(cacheDir(), name);
  const recipe = recipeOf([packageVersion(packageDir), ...wheels.map((wheel) => wheel.sha256)]);
  const build = async () => {
    needTools(TOOLS);
    const downloads = join(cacheDir(), 'downloads');
    mkdirSync(downloads, { recursive: true });
    const paths = [];
    for (const wheel of wheels) {
      const size = wheel.megabytes === undefined ? '' : ` (${megabytes(wheel.megabytes * 1e6)})`;
      const have = existsSync(join(downloads, wheel.file));
      const title = `${have ? 'Checking' : 'Fetching'} ${wheel.name} ${wheel.version}${size}`;
      paths.push(await step(title, () => fetchWheel(wheel, downloads)));
    }
    await step(`Building the native engine for the ${device === 'gpu' ? 'graphics card' : 'processor'}`, () =>
      makeTree(
        tree,
        { recipe, source: `PyPI wheel ${wheels[0].file}`, device, sha256: wheels[0].sha256 },
        (partial) => {
          for (const path of paths) extractWheel(path, join(partial, 'deps'));
          const libraries = librariesIn(join(partial, 'deps', 'lib'));
          stripLibraries(libraries);
          compileBinding(partial, packageDir, libraries);
        },
      ),
    );
  };
  return { tree, recipe, build };
}

/** The tree around a TensorFlow that the person names: its folder is linked, only the binding is ours. */
export function namedTree(packageDir, folder) {
  const lib = existsSync(join(folder, 'lib')) ? join(folder, 'lib') : folder;
  const libraries = librariesIn(lib);
  if (libraries === null) {
    throw new SetupError(
      `CHESTLIGHT_TENSORFLOW=${folder} holds no libtensorflow. Name the folder that has "lib" and "include", as TensorFlow's C library archive does.`,
    );
  }
  const include = join(folder, 'include');
  if (!existsSync(join(include, 'tensorflow', 'c', 'c_api.h'))) {
    throw new SetupError(
      `CHESTLIGHT_TENSORFLOW=${folder} has no include/tensorflow/c/c_api.h, which the binding is compiled against.`,
    );
  }
  const files = libraries.map((file) => [file, statSync(file).size, statSync(file).mtimeMs]);
  const recipe = recipeOf([packageVersion(packageDir), folder, files]);
  const tree = join(cacheDir(), `tensorflow-named-${recipe.slice(0, 12)}`);
  const build = async () => {
    needTools({ 'a C++ compiler': TOOLS['a C++ compiler'] });
    await step(`Building the native engine on ${folder}`, () =>
      makeTree(tree, { recipe, source: `the folder ${folder} (CHESTLIGHT_TENSORFLOW)` }, (partial) => {
        mkdirSync(join(partial, 'deps'), { recursive: true });
        symlinkSync(lib, join(partial, 'deps', 'lib'), 'junction');
        symlinkSync(include, join(partial, 'deps', 'include'), 'junction');
        compileBinding(partial, packageDir, libraries);
      }),
    );
  };
  return { tree, recipe, build };
}
