/**
 * @file Native TensorFlow for @tensorflow/tfjs-node-gpu: libraries from a pinned PyPI wheel, the addon compiled from the
 * package's own sources against them (Node-API 8), kept in the cache and linked into node_modules.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { cacheDir, root } from './paths.mjs';
import { has, needTools, run, say, SetupError, step } from './run.mjs';

const VERSION = '2.20.0';

/** Wheels whose checksum is pinned. Other platforms predict with WebAssembly until theirs is added. */
const WHEELS = {
  'linux-x64': {
    package: 'tensorflow-cpu',
    file: `tensorflow_cpu-${VERSION}-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`,
    platforms: ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'],
    sha256: 'cf756bbe2d256e942ab5d0ad2c858fb40017581494febdb4387c149b1afde780',
  },
};

const EXTRACT = `
import os, shutil, sys, zipfile
wheel, out = sys.argv[1:]
headers = tuple('tensorflow/include/' + p for p in ('tensorflow/c/', 'tensorflow/core/platform/',
  'tensorflow/core/common_runtime/next_pluggable_device/c/', 'tsl/platform/', 'xla/tsl/'))
with zipfile.ZipFile(wheel) as z:
    for info in z.infolist():
        name = info.filename
        base = os.path.basename(name)
        if not base: continue
        if base in ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'): path = os.path.join(out, 'lib', base)
        elif name.startswith(headers): path = os.path.join(out, 'include', name[len('tensorflow/include/'):])
        elif base in ('THIRD_PARTY_NOTICES.txt', 'LICENSE'): path = os.path.join(out, base)
        else: continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with z.open(info) as source, open(path, 'wb') as target: shutil.copyfileobj(source, target, 1 << 20)
`;

/** SHA-256 of a file, hex. */
export async function fileSha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Refuses a file that is not what it should be, and removes it so that the next try fetches it anew. */
export async function verifyChecksum(path, expected) {
  const actual = await fileSha256(path);
  if (actual === expected) return;
  rmSync(path);
  throw new SetupError(
    `${path} has SHA-256 ${actual}, expected ${expected}. It was removed; run the command again.`,
  );
}

async function fetchWheel(wheel) {
  const downloads = join(cacheDir(), 'downloads');
  const path = join(downloads, wheel.file);
  if (!existsSync(path)) {
    const partial = join(downloads, `partial-${process.pid}`);
    mkdirSync(partial, { recursive: true });
    try {
      const platforms = wheel.platforms.flatMap((platform) => ['--platform', platform]);
      run('python3', [
        '-m',
        'pip',
        'download',
        '-q',
        '--no-deps',
        '--only-binary=:all:',
        '--implementation',
        'cp',
        '--python-version',
        '311',
        '--abi',
        'cp311',
        ...platforms,
        '-d',
        partial,
        `${wheel.package}==${VERSION}`,
      ]);
      await verifyChecksum(join(partial, wheel.file), wheel.sha256);
      renameSync(join(partial, wheel.file), path);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  await verifyChecksum(path, wheel.sha256);
  return path;
}

function compileAddon(tree, packageDir) {
  const deps = join(tree, 'deps');
  mkdirSync(join(tree, 'lib', 'napi-v8'), { recursive: true });
  run('g++', [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-shared',
    '-DNAPI_VERSION=8',
    '-DNODE_GYP_MODULE_NAME=tfjs_binding',
    `-I${join(root, 'node_modules', 'node-api-headers', 'include')}`,
    `-I${join(deps, 'include')}`,
    `-I${packageDir}`,
    join(packageDir, 'binding', 'tfjs_backend.cc'),
    join(packageDir, 'binding', 'tfjs_binding.cc'),
    `-L${join(deps, 'lib')}`,
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    '-Wl,--allow-shlib-undefined',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
    '-o',
    join(tree, 'lib', 'napi-v8', 'tfjs_binding.node'),
  ]);
}

async function buildTree(wheel, tree, packageDir) {
  needTools([
    { command: 'python3', packages: ['python3', 'python3-pip'] },
    { command: 'g++', packages: ['g++'] },
  ]);
  const path = await step(`Fetching TensorFlow ${VERSION} (${wheel.package}, 247 MiB, once)`, () =>
    fetchWheel(wheel),
  );
  await step('Building the TensorFlow binding', () => {
    const partial = `${tree}.partial-${process.pid}`;
    rmSync(partial, { recursive: true, force: true });
    run('python3', ['-c', EXTRACT, path, join(partial, 'deps')]);
    if (has('strip')) {
      for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
        run('strip', ['--strip-unneeded', join(partial, 'deps', 'lib', name)]);
      }
    }
    compileAddon(partial, packageDir);
    writeFileSync(join(partial, 'complete'), `${wheel.sha256}\n`);
    rmSync(tree, { recursive: true, force: true });
    renameSync(partial, tree);
  });
}

function link(target, path) {
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink() && readlinkSync(path) === target) return;
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path, 'junction');
}

/** Compiles the binding against a TensorFlow folder that the user names (with `lib` and `include`). */
function useNamedFolder(folder, packageDir) {
  const tree = join(
    cacheDir(),
    `tensorflow-named-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  );
  if (!existsSync(join(folder, 'lib')))
    throw new SetupError(`CHESTLIGHT_TENSORFLOW=${folder} has no folder "lib".`);
  if (!existsSync(join(tree, 'complete'))) {
    mkdirSync(tree, { recursive: true });
    cpSync(folder, join(tree, 'deps'), { recursive: true, verbatimSymlinks: true });
    compileAddon(tree, packageDir);
    writeFileSync(join(tree, 'complete'), 'named folder\n');
  }
  return tree;
}

/** Finds or builds the native engine. Returns a sentence saying which was taken; never stops the app from starting. */
export async function provisionTensorflow() {
  const packageDir = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  const named = process.env.CHESTLIGHT_TENSORFLOW;
  const wheel = WHEELS[`${process.platform}-${process.arch}`];
  let tree;
  if (named) {
    tree = useNamedFolder(resolve(named), packageDir);
  } else if (wheel) {
    tree = join(cacheDir(), `tensorflow-${VERSION}-cpu-${process.platform}-${process.arch}`);
    if (!existsSync(join(tree, 'complete'))) await buildTree(wheel, tree, packageDir);
  } else {
    say(
      `· No pinned TensorFlow for ${process.platform}-${process.arch}: set CHESTLIGHT_TENSORFLOW to a folder that holds one. Training is off until then.`,
    );
    return;
  }
  link(join(tree, 'deps'), join(packageDir, 'deps'));
  link(join(tree, 'lib'), join(packageDir, 'lib'));
}
