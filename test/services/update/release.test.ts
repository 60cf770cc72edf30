/**
 * @file The steps of a release (docs/installing.md), with keys that end with the test: a key pair made and its public half put in
 * place, an installer signed, taken by a build that has the key and by no other; installers are not made without a key.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, it } from 'vitest';

import { checkUpdate, type UpdateCheck } from '../../../main/services/update/check-update.ts';
import { keepUpdate } from '../../../main/services/update/keep-update.ts';
import { ownUpdateKeys } from '../../../main/services/update/update-keys.ts';
import { tempFolder, tempLibrary } from '../../helpers/temp-library.ts';

const root = resolve(import.meta.dirname, '../../..');
const TOOL = join(root, 'resources', 'packaging', 'sign-update.mjs');
const PACKAGE = join(root, 'resources', 'packaging', 'package.mjs');
const INSTALLER = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 7) % 251));
const rules = { current: '1.4.0', system: 'linux-x64' } as const;

type Keys = UpdateCheck['keys'];
const keysOf = (file: string): Keys => JSON.parse(readFileSync(file, 'utf8')) as Keys;

/** A folder with an empty list of keys and an installer, as a checkout before its first release has. */
function releaseFolder() {
  const folder = tempFolder();
  writeFileSync(join(folder, 'keys.json'), '[]\n');
  writeFileSync(join(folder, 'Chestlight 2.0.0.deb'), INSTALLER);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [TOOL, ...args], { cwd: folder, encoding: 'utf8' });
  const about = (key: string, out: string, version = '2.0.0', system = 'linux-x64'): string[] => [
    ...['sign', 'Chestlight 2.0.0.deb', '--key', key, '--keys', 'keys.json'],
    ...['--version', version, '--system', system, '--out', out],
  ];
  return { folder, run, about, keys: join(folder, 'keys.json') };
}

it('a key is made, its public half is put in place, and what it signs is taken by a build with it alone', async () => {
  const { folder, run, about, keys } = releaseFolder();
  const made = run('new-key', 'release.pem', '--keys', 'keys.json', '--name', 'Test releases');
  expect([made.status, made.stderr]).toEqual([0, '']);
  const [line = '', fingerprint = ''] = made.stdout.split('\n');
  expect(keysOf(keys)).toEqual([JSON.parse(line)]);
  expect(readdirSync(folder).sort()).toEqual(['Chestlight 2.0.0.deb', 'keys.json', 'release.pem']);
  if (process.platform !== 'win32') expect(statSync(join(folder, 'release.pem')).mode & 0o777).toBe(0o600);
  expect(run(...about('release.pem', 'new.update')).status).toBe(0);
  const update = join(folder, 'new.update');
  const facts = await checkUpdate(update, { ...rules, keys: keysOf(keys) });
  expect(facts).toMatchObject({ version: '2.0.0', file: 'Chestlight-2.0.0.deb' });
  expect(`fingerprint ${facts.signer.fingerprint}`).toBe(fingerprint);

  // a second key of the same makers, one of somebody else, this build, and a build without any
  expect(run('new-key', 'second.pem', '--keys', 'keys.json').status).toBe(0);
  expect(keysOf(keys)).toHaveLength(2);
  const [first, second] = keysOf(keys);
  if (first === undefined || second === undefined) throw new Error('two keys were made');
  for (const others of [[second], ownUpdateKeys(), []])
    await expect(checkUpdate(update, { ...rules, keys: others })).rejects.toThrow(/Nothing was kept/);

  // older than what runs is refused; newer is kept after a copy of the library
  const { library, dir } = await tempLibrary();
  const to = join(folder, 'updates');
  const asked = { ...rules, keys: [first] };
  await expect(keepUpdate(library, update, { ...asked, current: '2.0.1' }, to)).rejects.toThrow(
    /older than 2\.0\.1/,
  );
  expect(existsSync(to)).toBe(false);
  const { path, copy } = await keepUpdate(library, update, asked, to);
  expect(readFileSync(path).equals(INSTALLER)).toBe(true);
  expect(readdirSync(dir).some((name) => name.includes(copy))).toBe(true);
});

it('nothing is signed that no build would take, and no private key is written over another or among the sources', () => {
  const { folder, run, about, keys } = releaseFolder();
  const refused = (args: string[], words: RegExp): void => {
    const { status, stderr } = run(...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(words)]);
  };
  expect(run('new-key', 'release.pem', '--keys', 'keys.json').status).toBe(0);
  const before = readFileSync(keys, 'utf8');
  refused(['new-key', 'release.pem', '--keys', 'keys.json'], /is there already/);
  refused(['new-key', join(root, 'resources', 'keys', 'x.pem')], /does not belong into this folder/);
  refused(['new-key', join(folder, 'none', 'x.pem'), '--keys', 'keys.json'], /does not exist/);
  expect(existsSync(join(root, 'resources', 'keys', 'x.pem'))).toBe(false);
  writeFileSync(join(folder, 'broken.json'), '[{"name":"x","publicKey":"12"}]');
  refused(['new-key', 'other.pem', '--keys', 'broken.json'], /no list of release keys/);
  expect(existsSync(join(folder, 'other.pem'))).toBe(false);
  expect(readFileSync(keys, 'utf8')).toBe(before);

  mkdirSync(join(folder, 'away'));
  writeFileSync(join(folder, 'away', 'keys.json'), '[]');
  expect(run('new-key', 'away/stranger.pem', '--keys', 'away/keys.json').status).toBe(0);
  refused(about('away/stranger.pem', 'x.update'), /does not have this key/);
  refused(about('release.pem', 'x.update', '2.0.1'), /does not look like version 2\.0\.1/);
  refused(about('release.pem', 'x.update', '2.0.0', 'win32-x64'), /is no installer for win32-x64 \(\.exe\)/);
  refused(about('release.pem', 'x.update', '2.0.0', 'beos'), /no system beos/);
  refused(about('keys.json', 'x.update'), /cannot be read as a release key/);
  refused(['sign', 'Chestlight 2.0.0.deb'], /new-key KEY\.pem/);
  expect(existsSync(join(folder, 'x.update'))).toBe(false);
});

it('installers are not made without a release key, unless they are for trial', async () => {
  const { keys, run } = releaseFolder();
  const { href } = new URL('../../../resources/packaging/release-keys.mjs', import.meta.url);
  const { needReleaseKey } = (await import(/* @vite-ignore */ href)) as {
    needReleaseKey: (file: string) => Keys;
  };
  expect(() => needReleaseKey(keys)).toThrow(/No installers are made: .* has no release key/);
  expect(run('new-key', 'release.pem', '--keys', 'keys.json').status).toBe(0);
  expect(needReleaseKey(keys)).toEqual(keysOf(keys));
  writeFileSync(keys, '{}');
  expect(() => needReleaseKey(keys)).toThrow(/no list of release keys/);
  if (ownUpdateKeys().length > 0) return;

  // this build has none yet: the whole command says so before it does anything
  const electron = tempFolder();
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: { electron: string };
  };
  writeFileSync(join(electron, 'version'), devDependencies.electron);
  const { status, stderr } = spawnSync(process.execPath, [PACKAGE, '--electron', electron], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([2, expect.stringMatching(/No installers are made/)]);
});
